import Foundation
import RetortFormats
import RetortTensor

/// Images as PNG files in base 64.
enum Thumbnail {
  /// What differences are multiplied with before they are drawn around mid-grey.
  static let gain = 8

  /// Row `row` of images `f32[n, 3, h, w]`.
  static func png(_ images: HostTensor, _ row: Int) -> String {
    Data(PNG.encode(Images(pixels: images, names: []).image(at: row))).base64EncodedString()
  }

  /// What to draw of the differences of images.
  static func differences(_ a: HostTensor, _ b: HostTensor) -> HostTensor {
    let pairs = zip(a.elements(as: Float.self), b.elements(as: Float.self))
    return HostTensor(a.shape, pairs.map { 0.5 + Float(gain) * ($0 - $1) })
  }
}
