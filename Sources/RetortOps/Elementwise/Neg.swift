import RetortIR
import RetortTensor

/// `y = −x`; integers wrap around.
///
/// - C1: `x` is a number.
package struct Neg: IntegerUnaryElementwise {
  package static let name = "neg"
  package static let summary = "-x"
  package static let samples =
    Sample.elementwise(Neg()) + Sample.elementwise(Neg(), of: .i32)
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { -x }
  package func apply<I: FixedWidthInteger>(integer x: I) -> I { 0 &- x }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    [b.neg(primal.seed)]
  }
}

extension GraphBuilder {
  package mutating func neg(_ x: Value) -> Value { add(Neg(), [x]) }
}
