import RetortIR
import RetortTensor

/// `y = 1 / √x`: +∞ at 0, NaN below.
///
/// - C1: `x` is real.
package struct Rsqrt: UnaryElementwise {
  package static let name = "rsqrt"
  package static let summary = "reciprocal square root"
  package static let samples = Sample.elementwise(Rsqrt(), in: 0.3...3)
  package static let flopsPerElement = 2
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { L(1) / x.squareRootValue() }

  /// `−½ y³`
  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    b.mul(b.mul(b.square(y), y), -0.5)
  }
}

extension GraphBuilder {
  package mutating func rsqrt(_ x: Value) -> Value { add(Rsqrt(), [x]) }
}
