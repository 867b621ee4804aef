import Foundation
import RetortFormats
import RetortTensor

/// Images as PNG files in base 64.
enum Thumbnail {
  /// What differences are multiplied with before they are drawn around mid-grey.
  static let gain = 8

  /// The planes of one image.
  struct Picture {
    let planes: [Float]
    let height: Int
    let width: Int
  }

  static func png(_ picture: Picture) -> String {
    let count = picture.height * picture.width
    var bytes: [UInt8] = []
    bytes.reserveCapacity(3 * count)
    for pixel in 0..<count {
      for channel in 0..<3 {
        // The order of the arguments makes NaN black.
        let value = min(max(0, picture.planes[channel * count + pixel]), 1)
        bytes.append(UInt8((value * 255).rounded()))
      }
    }
    let image = RGBImage(width: picture.width, height: picture.height, bytes: bytes)
    return Data(PNG.encode(image)).base64EncodedString()
  }

  static func difference(_ a: Picture, _ b: Picture) -> String {
    let planes = zip(a.planes, b.planes).map { 0.5 + Float(gain) * ($0 - $1) }
    return png(Picture(planes: planes, height: a.height, width: a.width))
  }
}

extension HostTensor {
  /// Row `row` of images `f32[n, 3, h, w]`.
  func picture(_ row: Int) -> Thumbnail.Picture {
    let each = shape.elementCount / max(1, shape[0])
    return Thumbnail.Picture(
      planes: withElements(of: Float.self) { Array($0[row * each..<(row + 1) * each]) },
      height: shape[2], width: shape[3])
  }
}
