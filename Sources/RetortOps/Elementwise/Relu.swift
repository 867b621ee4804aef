import RetortIR
import RetortTensor

/// `y = max(x, 0)`. NaN stays NaN; the derivative at 0 is taken to be 0.
///
/// - C1: `x` is real.
package struct Relu: UnaryElementwise {
  package static let name = "relu"
  package static let summary = "max(x, 0)"
  package static let samples = Sample.elementwise(Relu(), avoiding: [0])
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { L.maximum(x, L(0)) }

  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    // The same as of x; but y is kept anyway, by whoever reads it, and x then need not be.
    b.step(y)
  }
}

extension GraphBuilder {
  package mutating func relu(_ x: Value) -> Value { add(Relu(), [x]) }
}
