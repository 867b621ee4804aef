import RetortIR
import RetortTensor

/// `y = (Σ x) / count` over some axes. The mean of nothing is NaN. The reference adds floats in
/// Double and rounds once. Fast kernels add f32 in Float: where the sum passes its largest number
/// the mean is infinite there, though the reference's may be finite.
///
/// - C1: `x` is real.
/// - C2: every axis is one of `x`.
/// - C3: no axis is named twice.
package struct Mean: SumReduction {
  package static let name = "mean"
  package static let summary = "mean over axes"
  package static let attributes: [Attribute<Mean>] = [
    Attribute("axes", \.axes, "the axes to average over; none means all"),
    Attribute("keep", \.keep, "whether they stay, with extent 1"),
  ]
  package var axes: [Int] = []
  package var keep = false
  package init() {}

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(x.element.isReal, "C1", "takes reals, got \(x)", operand: 0)
    _ = try checkedAxes(axes, of: x, outside: "C2", repeated: "C3")
    return [x.with(x.shape.reduced(x.shape.reducedAxes(axes), keep: keep))]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let x = primal.inputs[0]
    // Scaled before it is repeated: fewer elements.
    let share = b.mul(primal.seed, 1 / Double(max(count(b.shape(of: x)), 1)))
    return [spread(&b, share, like: x)]
  }

  /// The number of elements that go into one mean.
  private func count(_ shape: Shape) -> Int {
    shape.reducedAxes(axes).reduce(1) { $0 * shape[$1] }
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    if operands[0].type.element == .f64 {
      average(operands[0], results[0], read: { (e: Double) in e }, write: { $0 })
    } else {
      average(operands[0], results[0], read: { (e: Float) in Double(e) }, write: { Float($0) })
    }
  }

  private func average<E: Element>(
    _ x: TensorView, _ y: TensorView, read: (E) -> Double, write: (Double) -> E
  ) {
    var totals = [Double](repeating: 0, count: y.elementCount)
    let source = x.elements(E.self), target = y.elements(E.self)
    let strides = targetStrides(x.shape, summing: x.shape.reducedAxes(axes))
    x.shape.forEachOffset(strides: strides) { i, offset in totals[offset] += read(source[i]) }
    let count = Double(count(x.shape))
    for i in totals.indices { target[i] = write(totals[i] / count) }
  }
}

extension GraphBuilder {
  /// The mean over `axes`, all of them if none are named.
  package mutating func mean(_ x: Value, axes: [Int] = [], keep: Bool = false) -> Value {
    add(Mean(axes: axes, keep: keep), [x])
  }
}
