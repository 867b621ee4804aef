import RetortIR
import RetortTensor

/// `y = eˣ`.
///
/// - C1: `x` is real.
package struct Exp: UnaryElementwise {
  package static let name = "exp"
  package static let summary = "e to the power x"
  package static let samples = Sample.elementwise(Exp())
  package static let flopsPerElement = 12
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { x.exponential() }

  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    y
  }
}

extension GraphBuilder {
  package mutating func exp(_ x: Value) -> Value { add(Exp(), [x]) }
}
