import RetortIR
import RetortTensor

/// An operation that moves the bits of `u32` by a fixed number of places; zeros move in.
///
/// - C1: `x` is `u32`.
/// - C2: `0 ≤ amount < 32`.
package protocol Shift: TensorOp {
  var amount: Int { get set }
  init()
  func apply(_ x: UInt32) -> UInt32
}

extension Shift {
  package init(_ amount: Int) {
    self.init()
    self.amount = amount
  }

  package static var operandNames: [String] { ["x"] }
  package static var broadcastsOperands: Bool { true }
  package static var differentiability: Differentiability { .none(reason: "bits have no slope") }
  package static var samples: [Sample] {
    Sample.elementwise(Self(3), of: .u32) + Sample.elementwise(Self(31), of: .u32)
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try require(operands[0].element == .u32, "C1", "takes u32, got \(operands[0])", operand: 0)
    try require((0..<32).contains(amount), "C2", "shifts by 0 to 31 places, not by \(amount)")
    return operands
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let x = operands[0].elements(UInt32.self), y = results[0].elements(UInt32.self)
    for i in y.indices { y[i] = apply(x[i]) }
  }
}

/// `x · 2^amount`, modulo 2³²; constraints as `Shift` says.
package struct ShiftLeft: Shift {
  package static let name = "shift_left"
  package static let summary = "the bits moved up"
  package static let attributes: [Attribute<ShiftLeft>] = [
    Attribute("amount", \.amount, required: true, "number of places")
  ]
  package var amount = 0
  package init() {}
  package func apply(_ x: UInt32) -> UInt32 { x << UInt32(amount) }
}

/// `⌊x / 2^amount⌋`; constraints as `Shift` says.
package struct ShiftRight: Shift {
  package static let name = "shift_right"
  package static let summary = "the bits moved down"
  package static let attributes: [Attribute<ShiftRight>] = [
    Attribute("amount", \.amount, required: true, "number of places")
  ]
  package var amount = 0
  package init() {}
  package func apply(_ x: UInt32) -> UInt32 { x >> UInt32(amount) }
}

extension GraphBuilder {
  package mutating func shiftLeft(_ x: Value, _ amount: Int) -> Value {
    add(ShiftLeft(amount), [x])
  }
  package mutating func shiftRight(_ x: Value, _ amount: Int) -> Value {
    add(ShiftRight(amount), [x])
  }
}
