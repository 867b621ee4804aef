import RetortIR
import RetortTensor

/// `y = a − b`; integers wrap around.
package struct Sub: IntegerBinaryElementwise {
  package static let name = "sub"
  package static let summary = "a - b"
  package static let samples =
    Sample.elementwise(Sub(), operands: 2) + Sample.elementwise(Sub(), operands: 2, of: .i32)
  package init() {}

  package var loops: BinaryLoops { BinaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ a: L, _ b: L) -> L { a - b }
  package func apply<I: FixedWidthInteger>(integers a: I, _ b: I) -> I { a &- b }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let dy = primal.seed
    return [primal.wanted[0] ? dy : nil, primal.wanted[1] ? b.neg(dy) : nil]
  }
}

extension GraphBuilder {
  /// `a - b`, broadcast.
  package mutating func sub(_ a: Value, _ b: Value) -> Value { elementwise(Sub(), a, b) }
  package mutating func sub(_ a: Value, _ b: Double) -> Value { sub(a, fill(b, like: a)) }
  package mutating func sub(_ a: Double, _ b: Value) -> Value { sub(fill(a, like: b), b) }
}
