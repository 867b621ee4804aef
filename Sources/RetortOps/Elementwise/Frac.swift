import RetortIR
import RetortTensor

/// `y = x − ⌊x⌋`, in [0, 1), but for numbers just below 0, where it may round to 1. The derivative
/// is 1 everywhere, jumps included.
///
/// - C1: `x` is real.
package struct Frac: UnaryElementwise {
  package static let name = "frac"
  package static let summary = "x - floor(x), which may round to 1"
  package static let samples = Sample.elementwise(Frac(), avoiding: [-2, -1, 0, 1, 2])
  package static let flopsPerElement = 2
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { x - x.roundedDown() }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] { [primal.seed] }
}

extension GraphBuilder {
  package mutating func frac(_ x: Value) -> Value { add(Frac(), [x]) }
}
