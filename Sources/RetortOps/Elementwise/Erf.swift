import RetortIR
import RetortTensor

/// `y = 2/√π ∫₀ˣ exp(−t²) dt`.
///
/// - C1: `x` is real.
package struct Erf: UnaryElementwise {
  package static let name = "erf"
  package static let summary = "error function"
  package static let samples = Sample.elementwise(Erf())
  package static let flopsPerElement = 28
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { x.errorFunction() }

  /// `2/√π · exp(−x²)`
  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    b.mul(b.exp(b.neg(b.square(x))), 1.1283791670955126)
  }
}

extension GraphBuilder {
  package mutating func erf(_ x: Value) -> Value { add(Erf(), [x]) }
}
