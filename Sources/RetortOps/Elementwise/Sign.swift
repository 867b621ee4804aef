import RetortIR
import RetortTensor

/// `y` is −1, 0 or 1 as `x` is; NaN and both zeros stay themselves.
///
/// - C1: `x` is a number.
package struct Sign: IntegerUnaryElementwise {
  package static let name = "sign"
  package static let summary = "-1, 0 or 1"
  package static let samples =
    Sample.elementwise(Sign(), avoiding: [0]) + Sample.elementwise(Sign(), of: .i32)
  package static let differentiability = Differentiability.zero(
    reason: "sign is piecewise constant")
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L {
    L.select(L.less(L(0), x), L(1), L.select(L.less(x, L(0)), L(-1), x))
  }
  package func apply<I: FixedWidthInteger>(integer x: I) -> I { x.signum() }
}

extension GraphBuilder {
  package mutating func sign(_ x: Value) -> Value { add(Sign(), [x]) }
}
