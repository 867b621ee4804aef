import RetortIR
import RetortTensor

/// `y = a / b`. Integers are rounded down, `x / 0` is 0 and the least integer over −1 is itself.
package struct Div: IntegerBinaryElementwise {
  package static let name = "div"
  package static let summary = "a / b, integers rounded down"
  package static let samples =
    Sample.elementwise(Div(), operands: 2, in: 0.5...2)
    + Sample.elementwise(Div(), operands: 2, of: .i32)
  package init() {}

  package var loops: BinaryLoops { BinaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ a: L, _ b: L) -> L { a / b }

  package func apply<I: FixedWidthInteger>(integers a: I, _ b: I) -> I {
    if b == 0 { return 0 }
    let (quotient, overflow) = a.dividedReportingOverflow(by: b)
    if overflow { return a }
    return quotient &* b != a && (a < 0) != (b < 0) ? quotient - 1 : quotient
  }

  /// `da = dy / b`, `db = −y dy / b`
  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let scaled = b.div(primal.seed, primal.inputs[1])
    return [scaled, primal.wanted[1] ? b.neg(b.mul(primal.output, scaled)) : nil]
  }
}

extension GraphBuilder {
  /// `a / b`, broadcast.
  package mutating func div(_ a: Value, _ b: Value) -> Value { elementwise(Div(), a, b) }
  package mutating func div(_ a: Value, _ b: Double) -> Value { div(a, fill(b, like: a)) }
  package mutating func div(_ a: Double, _ b: Value) -> Value { div(fill(a, like: b), b) }
}
