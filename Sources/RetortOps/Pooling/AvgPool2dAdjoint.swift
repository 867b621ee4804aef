import RetortIR
import RetortTensor

/// The adjoint of `avg_pool2d`: each `dy` is spread evenly over its window's pixels.
///
/// Shapes: `dy: [n, c, oh, ow]` → `dx: [n, c, height, width]`.
/// - C1: `dy` is real and of rank 4.
/// - C2, C3, C4: as for `max_pool2d`, with `height` and `width` from 1 to 2³¹.
/// - C5: `avg_pool2d` with the same attributes takes an image of `height`×`width` to `oh`×`ow`.
package struct AvgPool2dAdjoint: Pooling {
  package static let name = "avg_pool2d_adjoint"
  package static let summary = "spreads each mean's cotangent over its window"
  package static let operandNames = ["dy"]
  package static let attributes =
    windowAttributes + [
      Attribute(
        "count_padding", \AvgPool2dAdjoint.countPadding,
        "whether taps in the padding count as zeros"),
      Attribute("height", \AvgPool2dAdjoint.height, required: true, "rows of the result"),
      Attribute("width", \AvgPool2dAdjoint.width, required: true, "columns of the result"),
    ]
  package var window: PoolWindow
  package var countPadding: Bool
  package var height: Int
  package var width: Int

  package init() { self.init(PoolWindow([1, 1]), height: 1, width: 1) }

  package init(_ window: PoolWindow, countPadding: Bool = true, height: Int, width: Int) {
    self.window = window
    self.countPadding = countPadding
    self.height = height
    self.width = width
  }

  package static let samples = MaxPool2d.sampleWindows.flatMap { window, image in
    [true, false].map { countPadding in
      Sample(
        AvgPool2dAdjoint(
          window, countPadding: countPadding, height: image.shape[2], width: image.shape[3]),
        [image.pooled(AvgPool2d(window).acceptedExtents([image]))])
    }
  }

  package func extents(_ operands: [TensorType]) throws(Violation) -> PoolingExtents {
    try Self.requireImages(operands, "C1")
    try [height, width].requireWindow("height, width", count: 2, atLeast: 1, "C2")
    let dy = operands[0].shape
    let extents = try window.extents(
      planeCount: dy[0] * dy[1], height: height, width: width)
    try require(
      dy[2] == extents.rows.output && dy[3] == extents.columns.output, "C5",
      "expects 'dy' of \(operands[0].pooled(extents)) for an image of \(height)×\(width), got"
        + " \(operands[0])", operand: 0)
    return extents
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    _ = try extents(operands)
    let dy = operands[0]
    return [dy.with([dy.shape[0], dy.shape[1], height, width])]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    [b.avgPool2d(primal.seed, window, countPadding: countPadding)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let extents = acceptedExtents([operands[0].type])
    switch operands[0].type.element {
    case .f64: run(Double.self, extents, operands[0], results[0])
    default: run(Float.self, extents, operands[0], results[0])
    }
  }

  private func run<R: Real>(
    _: R.Type, _ extents: PoolingExtents, _ operand: TensorView, _ result: TensorView
  ) {
    let (dy, dx) = (operand.elements(R.self), result.elements(R.self))
    let (rowCounts, columnCounts) = (extents.rows.insideCounts, extents.columns.insideCounts)
    dx.update(repeating: 0)
    var position = 0
    for plane in 0..<extents.planeCount {
      let start = plane * height * width
      for row in 0..<extents.rows.output {
        for column in 0..<extents.columns.output {
          let count =
            countPadding ? extents.tapCount : rowCounts[row] * columnCounts[column]
          let share = dy[position] / R(count)
          position += 1
          for i in extents.rows.insideInputs(ofOutput: row) {
            let line = start + i * width
            for j in extents.columns.insideInputs(ofOutput: column) { dx[line + j] += share }
          }
        }
      }
    }
  }
}

extension GraphBuilder {
  /// `avg_pool2d_adjoint(dy)`
  package mutating func avgPool2dAdjoint(
    _ dy: Value, _ window: PoolWindow, countPadding: Bool, height: Int, width: Int
  ) -> Value {
    add(
      AvgPool2dAdjoint(window, countPadding: countPadding, height: height, width: width), [dy])
  }
}
