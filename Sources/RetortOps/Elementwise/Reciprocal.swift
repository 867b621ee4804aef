import RetortIR
import RetortTensor

/// `y = 1 / x`.
///
/// - C1: `x` is real.
package struct Reciprocal: UnaryElementwise {
  package static let name = "reciprocal"
  package static let summary = "1 / x"
  package static let samples = Sample.elementwise(Reciprocal(), in: 0.3...3)
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { L(1) / x }

  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    b.neg(b.square(y))
  }
}

extension GraphBuilder {
  package mutating func reciprocal(_ x: Value) -> Value { add(Reciprocal(), [x]) }
}
