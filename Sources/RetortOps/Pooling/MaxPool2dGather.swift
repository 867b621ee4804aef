import RetortIR
import RetortTensor

/// Picks from `v` the pixels that are the first maxima of `x`'s windows: the derivative of
/// `max_pool2d` at `x` in the direction `v`, and the adjoint of `max_pool2d_scatter` in `dy`.
///
/// Shapes: `x: [n, c, h, w]`, `v: [n, c, h, w]` → `[n, c, oh, ow]`. Linear in `v`; piecewise
/// constant in `x`, so that no gradient flows there.
/// - C1: `x` and `v` are real, of one element type and of rank 4.
/// - C2, C3, C4: as for `max_pool2d`.
/// - C5: `v` has the shape of `x`.
package struct MaxPool2dGather: Pooling {
  package static let name = "max_pool2d_gather"
  package static let summary = "picks from v where x has its windows' first maxima"
  package static let operandNames = ["x", "v"]
  package static let attributes = windowAttributes
  package var window: PoolWindow

  package init() { window = PoolWindow([1, 1]) }
  package init(_ window: PoolWindow) { self.window = window }

  package static let samples = MaxPool2d.sampleWindows.map { window, image in
    Sample(
      MaxPool2dGather(window),
      [
        Sample.Operand(image, .distinct(-4...4)),
        Sample.Operand(image, .uniform(-2...2, avoiding: [], margin: 0)),
      ])
  }

  package func extents(_ operands: [TensorType]) throws(Violation) -> PoolingExtents {
    try Self.requireImages(operands, "C1")
    let extents = try MaxPool2d(window).extents([operands[0]])
    try require(
      operands[1] == operands[0], "C5", "expects 'v' of \(operands[0]), got \(operands[1])",
      operand: 1)
    return extents
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [operands[0].pooled(try extents(operands))]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    [nil, primal.wanted[1] ? b.maxPool2dScatter(primal.inputs[0], primal.seed, window) : nil]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let extents = acceptedExtents(operands.map(\.type))
    let positions = MaxPool2d.maximumPositions(operands[0], extents)
    switch operands[0].type.element {
    case .f64: MaxPool2d.pick(Double.self, operands[1], positions, results[0])
    default: MaxPool2d.pick(Float.self, operands[1], positions, results[0])
    }
  }
}

extension GraphBuilder {
  /// `max_pool2d_gather(x, v)`
  package mutating func maxPool2dGather(
    _ x: Value, _ v: Value, _ window: PoolWindow
  ) -> Value {
    add(MaxPool2dGather(window), [x, v])
  }
}
