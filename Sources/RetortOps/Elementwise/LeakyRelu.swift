import RetortIR
import RetortTensor

/// `y = x` where `x > 0`, else `slope · x`; the derivative at 0 is taken to be `slope`.
/// Source: Maas, Hannun, Ng 2013, equation 2.
///
/// - C1: `x` is real.
package struct LeakyRelu: UnaryElementwise {
  package static let name = "leaky_relu"
  package static let summary = "x where x > 0, else slope * x"
  package static let attributes: [Attribute<LeakyRelu>] = [
    Attribute("slope", \.slope, "factor of negative elements")
  ]
  package static let samples =
    Sample.elementwise(LeakyRelu(), avoiding: [0])
    + Sample.elementwise(LeakyRelu(slope: 0.2), avoiding: [0])
  package static let flopsPerElement = 2
  package var slope = 0.01

  package init() {}

  package init(slope: Double) { self.slope = slope }

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { L.select(L.less(L(0), x), x, x * L(slope)) }

  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    b.select(b.greater(x, 0), b.fill(1, like: x), b.fill(slope, like: x))
  }
}

extension GraphBuilder {
  package mutating func leakyRelu(_ x: Value, slope: Double = 0.01) -> Value {
    add(LeakyRelu(slope: slope), [x])
  }
}
