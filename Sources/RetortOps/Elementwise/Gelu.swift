import RetortIR
import RetortTensor

/// `y = x Φ(x)`, `Φ(x) = ½ (1 + erf(x / √2))`, the exact form.
/// Source: Hendrycks, Gimpel 2016, section 2.
///
/// - C1: `x` is real.
package struct Gelu: UnaryElementwise {
  package static let name = "gelu"
  package static let summary = "x times the normal distribution function, by erf"
  package static let samples = Sample.elementwise(Gelu())
  package static let flopsPerElement = 32
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L {
    L(0.5) * x * (L(1) + (x * L(0.7071067811865476)).errorFunction())
  }

  /// `Φ(x) + x φ(x)`, `φ(x) = exp(−x²/2) / √(2π)`
  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    let distribution = b.mul(b.add(b.erf(b.mul(x, 0.7071067811865476)), 1), 0.5)
    let density = b.mul(b.exp(b.mul(b.square(x), -0.5)), 0.3989422804014327)
    return b.add(distribution, b.mul(x, density))
  }
}

extension GraphBuilder {
  package mutating func gelu(_ x: Value) -> Value { add(Gelu(), [x]) }
}
