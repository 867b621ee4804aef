import RetortIR
import RetortTensor

/// `y = min(max(x, low), high)`; NaN where any of them is NaN.
///
/// The gradient passes to `x` where `low ≤ x ≤ high`, both ends included, to `low` below and to
/// `high` above.
///
/// - C1: the operands have one shape (the builder and the language broadcast them first).
/// - C2: the operands have one element type.
/// - C3: it is a number.
package struct Clamp: TensorOp {
  package static let name = "clamp"
  package static let summary = "min(max(x, low), high)"
  package static let operandNames = ["x", "low", "high"]
  package static let broadcastsOperands = true
  package static let samples =
    Sample.elementwise(Clamp(), operands: 3) + Sample.elementwise(Clamp(), operands: 3, of: .i32)
  package init() {}

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let type = try commonType(operands)
    try require(type.element.isNumber, "C3", "takes numbers, got \(type)", operand: 0)
    return [type]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let (x, low, high, dy) = (primal.inputs[0], primal.inputs[1], primal.inputs[2], primal.seed)
    let none = b.fill(0, like: dy)
    let ordered = b.lessEqual(low, high)
    var result: [Value?] = [nil, nil, nil]
    if primal.wanted[0] {
      let inside = b.and(b.lessEqual(low, x), b.lessEqual(x, high))
      result[0] = b.select(inside, dy, none)
    }
    if primal.wanted[1] {
      result[1] = b.select(b.and(b.less(x, low), ordered), dy, none)
    }
    if primal.wanted[2] {
      let above = b.or(b.greater(x, high), b.not(ordered))
      result[2] = b.select(above, dy, none)
    }
    return result
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    switch operands[0].type.element {
    case .f64: clampReals(Double.self, operands, results[0])
    case .f32: clampReals(Float.self, operands, results[0])
    case .i64: clampIntegers(Int64.self, operands, results[0])
    case .i32: clampIntegers(Int32.self, operands, results[0])
    default: clampIntegers(UInt32.self, operands, results[0])
    }
  }

  private func clampReals<L: Lanes & Element>(
    _: L.Type, _ operands: [TensorView], _ y: TensorView
  ) {
    let x = operands[0].elements(L.self), target = y.elements(L.self)
    let low = operands[1].elements(L.self), high = operands[2].elements(L.self)
    for i in x.indices { target[i] = L.minimum(L.maximum(x[i], low[i]), high[i]) }
  }

  private func clampIntegers<I: FixedWidthInteger & Element>(
    _: I.Type, _ operands: [TensorView], _ y: TensorView
  ) {
    let x = operands[0].elements(I.self), target = y.elements(I.self)
    let low = operands[1].elements(I.self), high = operands[2].elements(I.self)
    for i in x.indices { target[i] = min(max(x[i], low[i]), high[i]) }
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 2 * results[0].elementCount)
  }
}

extension GraphBuilder {
  /// `min(max(x, low), high)`, broadcast.
  package mutating func clamp(_ x: Value, _ low: Value, _ high: Value) -> Value {
    elementwise(Clamp(), x, low, high)
  }
  package mutating func clamp(_ x: Value, _ low: Double, _ high: Double) -> Value {
    clamp(x, fill(low, like: x), fill(high, like: x))
  }
}
