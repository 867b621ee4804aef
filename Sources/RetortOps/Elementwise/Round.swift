import RetortIR
import RetortTensor

/// `y` is the integer nearest to `x`, of two the even one.
///
/// - C1: `x` is real.
package struct Round: UnaryElementwise {
  package static let name = "round"
  package static let summary = "the nearest integer, ties to even"
  package static let samples = Sample.elementwise(Round(), avoiding: [-1.5, -0.5, 0.5, 1.5])
  package static let differentiability = Differentiability.zero(
    reason: "round is piecewise constant")
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { x.roundedToEven() }
}

extension GraphBuilder {
  package mutating func round(_ x: Value) -> Value { add(Round(), [x]) }
}
