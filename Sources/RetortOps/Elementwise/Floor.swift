import RetortIR
import RetortTensor

/// `y = ⌊x⌋`.
///
/// - C1: `x` is real.
package struct Floor: UnaryElementwise {
  package static let name = "floor"
  package static let summary = "the largest integer that is not above x"
  package static let samples = Sample.elementwise(Floor(), avoiding: [-2, -1, 0, 1, 2])
  package static let differentiability = Differentiability.zero(
    reason: "floor is piecewise constant")
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { x.roundedDown() }
}

extension GraphBuilder {
  package mutating func floor(_ x: Value) -> Value { add(Floor(), [x]) }
}
