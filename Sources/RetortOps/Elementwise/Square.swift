import RetortIR
import RetortTensor

/// `y = x²`; integers wrap around.
///
/// - C1: `x` is a number.
package struct Square: IntegerUnaryElementwise {
  package static let name = "square"
  package static let summary = "x * x"
  package static let samples =
    Sample.elementwise(Square()) + Sample.elementwise(Square(), of: .i32)
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { x * x }
  package func apply<I: FixedWidthInteger>(integer x: I) -> I { x &* x }

  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    b.mul(x, 2)
  }
}

extension GraphBuilder {
  package mutating func square(_ x: Value) -> Value { add(Square(), [x]) }
}
