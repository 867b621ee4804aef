import RetortIR
import RetortTensor

/// `y = Σ x` over some axes, of a real tensor or of integers, which wrap around. The sum of nothing
/// is 0. The reference adds floats in Double and rounds once.
///
/// - C1: `x` is a number.
/// - C2: every axis is one of `x`.
/// - C3: no axis is named twice.
package struct Sum: SumReduction {
  package static let name = "sum"
  package static let summary = "sum over axes"
  package static let attributes: [Attribute<Sum>] = [
    Attribute("axes", \.axes, "the axes to sum over; none means all"),
    Attribute("keep", \.keep, "whether they stay, with extent 1"),
  ]
  package var axes: [Int] = []
  package var keep = false
  package init() {}

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(x.element.isNumber, "C1", "takes numbers, got \(x)", operand: 0)
    _ = try checkedAxes(axes, of: x, outside: "C2", repeated: "C3")
    return [x.with(x.shape.reduced(x.shape.reducedAxes(axes), keep: keep))]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    [spread(&b, primal.seed, like: primal.inputs[0])]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let (x, y) = (operands[0], results[0])
    switch x.type.element {
    case .f64: sum(x, y, 0.0, add: { $0 + $1 }, read: { (e: Double) in e }, write: { $0 })
    case .f32:
      sum(x, y, 0.0, add: { $0 + $1 }, read: { (e: Float) in Double(e) }, write: { Float($0) })
    case .i64: sumIntegers(Int64.self, x, y)
    case .i32: sumIntegers(Int32.self, x, y)
    default: sumIntegers(UInt32.self, x, y)
    }
  }

  private func sumIntegers<I: FixedWidthInteger & Element>(
    _: I.Type, _ x: TensorView, _ y: TensorView
  ) {
    sum(x, y, I.zero, add: { $0 &+ $1 }, read: { (e: I) in e }, write: { $0 })
  }

  private func sum<E: Element, A>(
    _ x: TensorView, _ y: TensorView, _ zero: A, add: (A, A) -> A, read: (E) -> A,
    write: (A) -> E
  ) {
    var totals = [A](repeating: zero, count: y.elementCount)
    let source = x.elements(E.self), target = y.elements(E.self)
    let strides = targetStrides(x.shape, summing: x.shape.reducedAxes(axes))
    x.shape.forEachOffset(strides: strides) { i, offset in
      totals[offset] = add(totals[offset], read(source[i]))
    }
    for i in totals.indices { target[i] = write(totals[i]) }
  }
}

extension GraphBuilder {
  /// The sum over `axes`, all of them if none are named.
  package mutating func sum(_ x: Value, axes: [Int] = [], keep: Bool = false) -> Value {
    add(Sum(axes: axes, keep: keep), [x])
  }
}
