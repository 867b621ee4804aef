import RetortIR
import RetortTensor

/// One axis of a bilinear resize of a crop: what each output position reads.
///
/// Output `o` lies at `s = max((o + ½) · extent / output − ½, 0)` of the crop (half-pixel centres)
/// and reads positions `⌊s⌋` and `min(⌊s⌋ + 1, extent − 1)` with weights `1 − t` and `t`,
/// `t = s − ⌊s⌋`. Taps never leave the crop.
package struct CropAxis: Hashable, Sendable {
  /// First source position of the crop.
  package let start: Int
  /// How many source positions it has.
  package let extent: Int

  /// A crop as a box states it: fractions of pixels are dropped, the start is moved into the
  /// source and the extent cut to what follows, but to no less than one pixel. NaN counts as 0.
  /// `source` is at least 1.
  package init(start: Double, extent: Double, source: Int) {
    self.start = max(0, min(source - 1, Int(Int64(saturating: start))))
    self.extent = max(1, min(source - self.start, Int(Int64(saturating: extent))))
  }

  /// Two source positions and the weight of the second.
  package struct Tap: Hashable, Sendable {
    package let low: Int
    package let high: Int
    package let weight: Double
  }

  package func taps(output: Int) -> [Tap] {
    let scale = Double(extent) / Double(output)
    return (0..<output).map { position in
      let place = max((Double(position) + 0.5) * scale - 0.5, 0)
      // Rounding may carry the last position onto the crop's end.
      let low = min(Int(place), extent - 1)
      return Tap(
        low: start + low, high: start + min(low + 1, extent - 1), weight: place - Double(low))
    }
  }
}

/// The rows and columns of one image's crop.
package struct CropBox: Hashable, Sendable {
  package let rows: CropAxis
  package let columns: CropAxis

  /// One entry an image. `boxes` is real, `[n, 4]`: top, left, height and width in pixels.
  package static func read(_ boxes: TensorView, height: Int, width: Int) -> [CropBox] {
    let values: [Double] =
      boxes.type.element == .f64
      ? Array(boxes.elements(Double.self)) : boxes.elements(Float.self).map(Double.init)
    return stride(from: 0, to: values.count, by: 4).map { i in
      CropBox(
        rows: CropAxis(start: values[i], extent: values[i + 2], source: height),
        columns: CropAxis(start: values[i + 1], extent: values[i + 3], source: width))
    }
  }
}

extension TensorType {
  /// Throws C2 unless these are boxes, real `[n, 4]`, for `count` images.
  func requireBoxes(count: Int) throws(Violation) {
    try require(
      element.isReal && shape == [count, 4], "C2",
      "takes a box of top, left, height and width for each of \(count) images, [\(count), 4], got"
        + " \(self)", operand: 1)
  }
}
