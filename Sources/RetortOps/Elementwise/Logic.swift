import RetortIR
import RetortTensor

/// An operation on two tensors of `bool`, element by element.
///
/// - C1: the operands have one shape (the builder and the language broadcast them first).
/// - C2: the operands have one element type.
/// - C3: it is `bool`.
package protocol BinaryLogic: TensorOp {
  func apply(_ a: Bool, _ b: Bool) -> Bool
}

extension BinaryLogic {
  package static var operandNames: [String] { ["a", "b"] }
  package static var broadcastsOperands: Bool { true }
  package static var differentiability: Differentiability { .none(reason: "truth has no slope") }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let type = try commonType(operands)
    try require(
      type.element == .bool, "C3", "takes bool, got \(type)", operand: 0,
      hint: "compare it with 'not_equal'")
    return [type]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let a = operands[0].elements(Bool.self), b = operands[1].elements(Bool.self)
    let y = results[0].elements(Bool.self)
    for i in y.indices { y[i] = apply(a[i], b[i]) }
  }
}

/// `a ∧ b`; constraints as `BinaryLogic` says.
package struct And: BinaryLogic {
  package static let name = "and"
  package static let summary = "whether both hold"
  package static let samples = Sample.elementwise(And(), operands: 2, of: .bool)
  package init() {}
  package func apply(_ a: Bool, _ b: Bool) -> Bool { a && b }
}

/// `a ∨ b`; constraints as `BinaryLogic` says.
package struct Or: BinaryLogic {
  package static let name = "or"
  package static let summary = "whether one or both hold"
  package static let samples = Sample.elementwise(Or(), operands: 2, of: .bool)
  package init() {}
  package func apply(_ a: Bool, _ b: Bool) -> Bool { a || b }
}

/// `a ⊕ b`; constraints as `BinaryLogic` says.
package struct Xor: BinaryLogic {
  package static let name = "xor"
  package static let summary = "whether exactly one holds"
  package static let samples = Sample.elementwise(Xor(), operands: 2, of: .bool)
  package init() {}
  package func apply(_ a: Bool, _ b: Bool) -> Bool { a != b }
}

/// `¬x`.
///
/// - C1: `x` is `bool`.
package struct Not: TensorOp {
  package static let name = "not"
  package static let summary = "whether x does not hold"
  package static let operandNames = ["x"]
  package static let broadcastsOperands = true
  package static let differentiability = Differentiability.none(reason: "truth has no slope")
  package static let samples = Sample.elementwise(Not(), of: .bool)
  package init() {}

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try require(operands[0].element == .bool, "C1", "takes bool, got \(operands[0])", operand: 0)
    return operands
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let x = operands[0].elements(Bool.self), y = results[0].elements(Bool.self)
    for i in y.indices { y[i] = !x[i] }
  }
}

extension GraphBuilder {
  package mutating func and(_ a: Value, _ b: Value) -> Value { elementwise(And(), a, b) }
  package mutating func or(_ a: Value, _ b: Value) -> Value { elementwise(Or(), a, b) }
  package mutating func xor(_ a: Value, _ b: Value) -> Value { elementwise(Xor(), a, b) }
  package mutating func not(_ x: Value) -> Value { add(Not(), [x]) }
}
