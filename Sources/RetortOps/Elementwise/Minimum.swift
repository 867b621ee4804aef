import RetortIR
import RetortTensor

/// `y = min(a, b)`; NaN where either is NaN. Of equal elements each gets half of the gradient, of
/// a pair with NaN each gets all of it.
package struct Minimum: IntegerBinaryElementwise {
  package static let name = "min"
  package static let summary = "the smaller of a and b"
  package static let samples =
    Sample.elementwise(Minimum(), operands: 2)
    + Sample.elementwise(Minimum(), operands: 2, of: .i32)
  package init() {}

  package var loops: BinaryLoops { BinaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ a: L, _ b: L) -> L { L.minimum(a, b) }
  package func apply<I: FixedWidthInteger>(integers a: I, _ b: I) -> I { Swift.min(a, b) }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let (left, right) = (primal.inputs[0], primal.inputs[1])
    let none = b.fill(0, like: left)
    let share = b.select(b.equal(left, right), b.mul(primal.seed, 0.5), primal.seed)
    return [
      primal.wanted[0] ? b.select(b.greater(left, right), none, share) : nil,
      primal.wanted[1] ? b.select(b.greater(right, left), none, share) : nil,
    ]
  }
}

extension GraphBuilder {
  /// The smaller, broadcast.
  package mutating func min(_ a: Value, _ b: Value) -> Value { elementwise(Minimum(), a, b) }
  package mutating func min(_ a: Value, _ b: Double) -> Value { min(a, fill(b, like: a)) }
}
