import RetortIR
import RetortTensor

/// How a pooling window slides over an image: the attributes that all poolings share.
package struct PoolWindow: Hashable, Sendable {
  /// Height and width of the window, in pixels.
  package var taps: [Int] { didSet { taps = taps.spread(to: 2) } }
  /// Vertical and horizontal; empty for the window's own extents, so that windows touch.
  package var stride: [Int] { didSet { stride = stride.spread(to: 2) } }
  /// Rows above, columns left, rows below, columns right.
  package var padding: [Int] { didSet { padding = padding.spread(to: 4) } }

  package init(_ taps: [Int], stride: [Int] = [], padding: [Int] = [0, 0, 0, 0]) {
    self.taps = taps.spread(to: 2)
    self.stride = stride.spread(to: 2)
    self.padding = padding.spread(to: 4)
  }

  /// The window's place on images of one size.
  ///
  /// - Throws: C2 for the number or range of the attributes' entries, C3 where padding could fill a
  ///   whole window, C4 where the window does not fit the padded image or the image has no pixel.
  func extents(planeCount: Int, height: Int, width: Int) throws(Violation) -> PoolingExtents {
    try taps.requireWindow("window", count: 2, atLeast: 1, "C2")
    let steps = stride.isEmpty ? taps : stride
    try steps.requireWindow("stride", count: 2, atLeast: 1, "C2")
    try padding.requireWindow("padding", count: 4, atLeast: 0, "C2")
    try require(
      max(padding[0], padding[2]) < taps[0] && max(padding[1], padding[3]) < taps[1], "C3",
      "takes less padding than the window of \(taps[0])×\(taps[1]), got \(padding)")
    try require(
      height > 0 && width > 0, "C4", "takes images with pixels, got \(height)×\(width)",
      operand: 0)
    guard
      let rows = WindowAxis(
        input: height, taps: taps[0], stride: steps[0], before: padding[0], after: padding[2]),
      let columns = WindowAxis(
        input: width, taps: taps[1], stride: steps[1], before: padding[1], after: padding[3])
    else {
      throw Violation(
        "C4",
        "slides a window of \(taps[0])×\(taps[1]) over an image of \(height)×\(width)"
          + " with padding \(padding), which is smaller", operand: 0)
    }
    return PoolingExtents(planeCount: planeCount, rows: rows, columns: columns)
  }
}

/// Every extent of a pooling of `planeCount` images of one channel.
package struct PoolingExtents: Hashable, Sendable {
  package let planeCount: Int
  package let rows: WindowAxis
  package let columns: WindowAxis

  package var outputCount: Int { planeCount * rows.output * columns.output }
  package var tapCount: Int { rows.taps * columns.taps }
}

/// A pooling of images `[n, c, h, w]`, or an adjoint of one.
package protocol Pooling: TensorOp {
  var window: PoolWindow { get set }

  /// The extents; every constraint is checked here.
  func extents(_ operands: [TensorType]) throws(Violation) -> PoolingExtents
}

extension Pooling {
  static var windowAttributes: [Attribute<Self>] {
    [
      Attribute("window", \.window.taps, required: true, "height and width of the window"),
      Attribute(
        "stride", \.window.stride, "vertical and horizontal step; empty for the window's extents"),
      Attribute("padding", \.window.padding, "rows and columns added: top, left, bottom, right"),
    ]
  }

  /// The extents for operands that type inference has accepted.
  package func acceptedExtents(_ operands: [TensorType]) -> PoolingExtents {
    accepted(operands, by: extents)
  }

  /// One operation for each output and tap.
  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    let extents = acceptedExtents(operands)
    return Cost.moving(
      operands, results, flops: Cost.product(extents.outputCount, extents.tapCount))
  }
}

extension TensorType {
  /// These images with the extents of a pooling's output.
  func pooled(_ extents: PoolingExtents) -> TensorType {
    with([shape[0], shape[1], extents.rows.output, extents.columns.output])
  }
}
