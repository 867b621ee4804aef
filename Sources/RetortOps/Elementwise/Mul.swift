import RetortIR
import RetortTensor

/// `y = a b`; integers wrap around.
package struct Mul: IntegerBinaryElementwise {
  package static let name = "mul"
  package static let summary = "a * b"
  package static let samples =
    Sample.elementwise(Mul(), operands: 2) + Sample.elementwise(Mul(), operands: 2, of: .i32)
  package init() {}

  package var loops: BinaryLoops { BinaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ a: L, _ b: L) -> L { a * b }
  package func apply<I: FixedWidthInteger>(integers a: I, _ b: I) -> I { a &* b }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let dy = primal.seed
    return [
      primal.wanted[0] ? b.mul(dy, primal.inputs[1]) : nil,
      primal.wanted[1] ? b.mul(dy, primal.inputs[0]) : nil,
    ]
  }
}

extension GraphBuilder {
  /// `a * b`, broadcast.
  package mutating func mul(_ a: Value, _ b: Value) -> Value { elementwise(Mul(), a, b) }
  package mutating func mul(_ a: Value, _ b: Double) -> Value { mul(a, fill(b, like: a)) }
}
