import RetortIR
import RetortTensor

/// `y = ⌈x⌉`.
///
/// - C1: `x` is real.
package struct Ceil: UnaryElementwise {
  package static let name = "ceil"
  package static let summary = "the smallest integer that is not below x"
  package static let samples = Sample.elementwise(Ceil(), avoiding: [-2, -1, 0, 1, 2])
  package static let differentiability = Differentiability.zero(
    reason: "ceil is piecewise constant")
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { -(-x).roundedDown() }
}

extension GraphBuilder {
  package mutating func ceil(_ x: Value) -> Value { add(Ceil(), [x]) }
}
