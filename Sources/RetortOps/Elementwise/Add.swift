import RetortIR
import RetortTensor

/// `y = a + b`; integers wrap around.
package struct Add: IntegerBinaryElementwise {
  package static let name = "add"
  package static let summary = "a + b"
  package static let samples =
    Sample.elementwise(Add(), operands: 2) + Sample.elementwise(Add(), operands: 2, of: .i32)
  package init() {}

  package var loops: BinaryLoops { BinaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ a: L, _ b: L) -> L { a + b }
  package func apply<I: FixedWidthInteger>(integers a: I, _ b: I) -> I { a &+ b }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let dy = primal.seed
    return [primal.wanted[0] ? dy : nil, primal.wanted[1] ? dy : nil]
  }
}

extension GraphBuilder {
  /// `a + b`, broadcast.
  package mutating func add(_ a: Value, _ b: Value) -> Value { elementwise(Add(), a, b) }
  package mutating func add(_ a: Value, _ b: Double) -> Value { add(a, fill(b, like: a)) }
}
