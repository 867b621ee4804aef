import RetortIR
import RetortTensor

/// An operation on two tensors of `u32`, bit by bit.
///
/// - C1: the operands have one shape (the builder and the language broadcast them first).
/// - C2: the operands have one element type.
/// - C3: it is `u32`.
package protocol BinaryBits: TensorOp {
  func apply(_ a: UInt32, _ b: UInt32) -> UInt32
}

extension BinaryBits {
  package static var operandNames: [String] { ["a", "b"] }
  package static var broadcastsOperands: Bool { true }
  package static var differentiability: Differentiability { .none(reason: "bits have no slope") }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let type = try commonType(operands)
    try require(type.element == .u32, "C3", "takes u32, got \(type)", operand: 0)
    return [type]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let a = operands[0].elements(UInt32.self), b = operands[1].elements(UInt32.self)
    let y = results[0].elements(UInt32.self)
    for i in y.indices { y[i] = apply(a[i], b[i]) }
  }
}

/// The bits that are set in both; constraints as `BinaryBits` says.
package struct BitAnd: BinaryBits {
  package static let name = "bit_and"
  package static let summary = "the bits set in both"
  package static let samples = Sample.elementwise(BitAnd(), operands: 2, of: .u32)
  package init() {}
  package func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a & b }
}

/// The bits that are set in one or both; constraints as `BinaryBits` says.
package struct BitOr: BinaryBits {
  package static let name = "bit_or"
  package static let summary = "the bits set in one or both"
  package static let samples = Sample.elementwise(BitOr(), operands: 2, of: .u32)
  package init() {}
  package func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a | b }
}

/// The bits that are set in exactly one; constraints as `BinaryBits` says.
package struct BitXor: BinaryBits {
  package static let name = "bit_xor"
  package static let summary = "the bits set in exactly one"
  package static let samples = Sample.elementwise(BitXor(), operands: 2, of: .u32)
  package init() {}
  package func apply(_ a: UInt32, _ b: UInt32) -> UInt32 { a ^ b }
}

extension GraphBuilder {
  package mutating func bitAnd(_ a: Value, _ b: Value) -> Value { elementwise(BitAnd(), a, b) }
  package mutating func bitOr(_ a: Value, _ b: Value) -> Value { elementwise(BitOr(), a, b) }
  package mutating func bitXor(_ a: Value, _ b: Value) -> Value { elementwise(BitXor(), a, b) }
}
