import RetortIR
import RetortTensor

/// `y = 1 / (1 + e⁻ˣ)`. Overflow of the exponential gives 0, never NaN.
///
/// - C1: `x` is real.
package struct Sigmoid: UnaryElementwise {
  package static let name = "sigmoid"
  package static let summary = "1 / (1 + exp(-x))"
  package static let samples = Sample.elementwise(Sigmoid())
  package static let flopsPerElement = 15
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { L(1) / (L(1) + (-x).exponential()) }

  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    b.mul(y, b.sub(1, y))
  }
}

extension GraphBuilder {
  package mutating func sigmoid(_ x: Value) -> Value { add(Sigmoid(), [x]) }
}
