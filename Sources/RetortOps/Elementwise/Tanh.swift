import RetortIR
import RetortTensor

/// `y = tanh x`.
///
/// - C1: `x` is real.
package struct Tanh: UnaryElementwise {
  package static let name = "tanh"
  package static let summary = "hyperbolic tangent"
  package static let samples = Sample.elementwise(Tanh())
  package static let flopsPerElement = 18
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { x.hyperbolicTangent() }

  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    b.sub(1, b.square(y))
  }
}

extension GraphBuilder {
  package mutating func tanh(_ x: Value) -> Value { add(Tanh(), [x]) }
}
