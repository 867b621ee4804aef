import RetortIR
import RetortTensor

/// `y = √x`: NaN below 0. The derivative at 0 is +∞.
///
/// - C1: `x` is real.
package struct Sqrt: UnaryElementwise {
  package static let name = "sqrt"
  package static let summary = "square root"
  package static let samples = Sample.elementwise(Sqrt(), in: 0.2...3)
  package static let flopsPerElement = 1
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { x.squareRootValue() }

  /// `½ / √x`
  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    b.mul(b.reciprocal(y), 0.5)
  }
}

extension GraphBuilder {
  package mutating func sqrt(_ x: Value) -> Value { add(Sqrt(), [x]) }
}
