import RetortIR
import RetortTensor

/// The mean of each window: `y[n, c, r, q] = Σ x[n, c, r·s − p + i, …] / d` over the taps inside
/// the image, with `d` the number of taps of the window if `count_padding`, else of those inside.
///
/// Shapes: `x: [n, c, h, w]` → `y: [n, c, oh, ow]`, as for `max_pool2d`.
/// - C1: `x` is real and of rank 4.
/// - C2, C3, C4: as for `max_pool2d`.
package struct AvgPool2d: Pooling {
  package static let name = "avg_pool2d"
  package static let summary = "the mean of each window"
  package static let operandNames = ["x"]
  package static let attributes =
    windowAttributes + [
      Attribute(
        "count_padding", \AvgPool2d.countPadding, "whether taps in the padding count as zeros")
    ]
  package var window: PoolWindow
  package var countPadding: Bool

  package init() { self.init(PoolWindow([1, 1])) }

  package init(_ window: PoolWindow, countPadding: Bool = true) {
    self.window = window
    self.countPadding = countPadding
  }

  package static let samples = MaxPool2d.sampleWindows.flatMap { window, image in
    [true, false].map { Sample(AvgPool2d(window, countPadding: $0), [image]) }
  }

  package func extents(_ operands: [TensorType]) throws(Violation) -> PoolingExtents {
    try Self.requireImages(operands, "C1")
    let shape = operands[0].shape
    return try window.extents(
      planeCount: shape[0] * shape[1], height: shape[2], width: shape[3])
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [operands[0].pooled(try extents(operands))]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let image = b.shape(of: primal.inputs[0])
    return [
      b.avgPool2dAdjoint(
        primal.seed, window, countPadding: countPadding, height: image[2], width: image[3])
    ]
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
    let (x, y) = (operand.elements(R.self), result.elements(R.self))
    let (rowCounts, columnCounts) = (extents.rows.insideCounts, extents.columns.insideCounts)
    var position = 0
    for plane in 0..<extents.planeCount {
      let start = plane * extents.rows.input * extents.columns.input
      for row in 0..<extents.rows.output {
        for column in 0..<extents.columns.output {
          var sum: R = 0
          for i in extents.rows.insideInputs(ofOutput: row) {
            let line = start + i * extents.columns.input
            for j in extents.columns.insideInputs(ofOutput: column) { sum += x[line + j] }
          }
          let count = countPadding ? extents.tapCount : rowCounts[row] * columnCounts[column]
          y[position] = sum / R(count)
          position += 1
        }
      }
    }
  }
}

extension GraphBuilder {
  /// `avg_pool2d(x)`; lists of one stand for all entries.
  package mutating func avgPool2d(
    _ x: Value, window: [Int], stride: [Int] = [], padding: [Int] = [0],
    countPadding: Bool = true
  ) -> Value {
    avgPool2d(
      x, PoolWindow(window, stride: stride, padding: padding), countPadding: countPadding)
  }

  package mutating func avgPool2d(
    _ x: Value, _ window: PoolWindow, countPadding: Bool
  ) -> Value {
    add(AvgPool2d(window, countPadding: countPadding), [x])
  }
}
