import RetortIR
import RetortTensor

/// The adjoint of `max_pool2d`: each `dy` is added to the pixel that was its window's first
/// maximum; all other pixels are zero.
///
/// Shapes: `x: [n, c, h, w]`, `dy: [n, c, oh, ow]` → `dx: [n, c, h, w]`. Linear in `dy`; piecewise
/// constant in `x`, so that no gradient flows there.
/// - C1: `x` and `dy` are real, of one element type and of rank 4.
/// - C2, C3, C4: as for `max_pool2d`.
/// - C5: `dy` has the shape that `max_pool2d` gives for `x`.
package struct MaxPool2dScatter: Pooling {
  package static let name = "max_pool2d_scatter"
  package static let summary = "adds each output's cotangent to its window's first maximum"
  package static let operandNames = ["x", "dy"]
  package static let attributes = windowAttributes
  package var window: PoolWindow

  package init() { window = PoolWindow([1, 1]) }
  package init(_ window: PoolWindow) { self.window = window }

  package static let samples = MaxPool2d.sampleWindows.map { window, image in
    Sample(
      MaxPool2dScatter(window),
      [
        Sample.Operand(image, .distinct(-4...4)),
        Sample.Operand(
          image.pooled(MaxPool2d(window).acceptedExtents([image])),
          .uniform(-2...2, avoiding: [], margin: 0)),
      ])
  }

  package func extents(_ operands: [TensorType]) throws(Violation) -> PoolingExtents {
    try Self.requireImages(operands, "C1")
    let extents = try MaxPool2d(window).extents([operands[0]])
    let expected = operands[0].pooled(extents)
    try require(
      operands[1] == expected, "C5", "expects 'dy' of \(expected), got \(operands[1])",
      operand: 1)
    return extents
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    _ = try extents(operands)
    return [operands[0]]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    [nil, primal.wanted[1] ? b.maxPool2dGather(primal.inputs[0], primal.seed, window) : nil]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let extents = acceptedExtents(operands.map(\.type))
    let positions = MaxPool2d.maximumPositions(operands[0], extents)
    switch operands[0].type.element {
    case .f64: Self.scatter(Double.self, operands[1], positions, results[0])
    default: Self.scatter(Float.self, operands[1], positions, results[0])
    }
  }

  private static func scatter<R: Real>(
    _: R.Type, _ source: TensorView, _ positions: [Int], _ result: TensorView
  ) {
    let (dy, dx) = (source.elements(R.self), result.elements(R.self))
    dx.update(repeating: 0)
    for (output, position) in positions.enumerated() { dx[position] += dy[output] }
  }
}

extension GraphBuilder {
  /// `max_pool2d_scatter(x, dy)`
  package mutating func maxPool2dScatter(
    _ x: Value, _ dy: Value, _ window: PoolWindow
  ) -> Value {
    add(MaxPool2dScatter(window), [x, dy])
  }
}
