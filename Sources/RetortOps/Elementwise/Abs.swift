import RetortIR
import RetortTensor

/// `y = |x|`; the derivative at 0 is taken to be 0. The least integer stays itself.
///
/// - C1: `x` is a number.
package struct Abs: IntegerUnaryElementwise {
  package static let name = "abs"
  package static let summary = "magnitude"
  package static let samples =
    Sample.elementwise(Abs(), avoiding: [0]) + Sample.elementwise(Abs(), of: .i32)
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { x.magnitude() }
  package func apply<I: FixedWidthInteger>(integer x: I) -> I { x < 0 ? 0 &- x : x }

  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    b.sign(x)
  }
}

extension GraphBuilder {
  package mutating func abs(_ x: Value) -> Value { add(Abs(), [x]) }
}
