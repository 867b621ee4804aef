import RetortIR
import RetortTensor

/// `y = x / (1 + e⁻ˣ)`, also called SiLU.
/// Source: Ramachandran, Zoph, Le 2017, equation 1 with β = 1.
///
/// - C1: `x` is real.
package struct Swish: UnaryElementwise {
  package static let name = "swish"
  package static let summary = "x * sigmoid(x)"
  package static let samples = Sample.elementwise(Swish())
  package static let flopsPerElement = 16
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { x / (L(1) + (-x).exponential()) }

  /// `σ + y (1 − σ)`
  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    let s = b.sigmoid(x)
    return b.add(s, b.mul(y, b.sub(1, s)))
  }
}

extension GraphBuilder {
  package mutating func swish(_ x: Value) -> Value { add(Swish(), [x]) }
}
