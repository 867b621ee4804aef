import RetortIR
import RetortTensor

/// `y = 1` where `x > 0`, else 0: also at 0 and at NaN.
///
/// - C1: `x` is real.
package struct Step: UnaryElementwise {
  package static let name = "step"
  package static let summary = "1 where x > 0, else 0"
  package static let samples = Sample.elementwise(Step(), avoiding: [0])
  package static let differentiability = Differentiability.zero(
    reason: "step is piecewise constant")
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { L.select(L.less(L(0), x), L(1), L(0)) }
}

extension GraphBuilder {
  package mutating func step(_ x: Value) -> Value { add(Step(), [x]) }
}
