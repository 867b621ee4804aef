import RetortIR
import RetortTensor

/// `y = ln x`: −∞ at 0, NaN below.
///
/// - C1: `x` is real.
package struct Log: UnaryElementwise {
  package static let name = "log"
  package static let summary = "natural logarithm"
  package static let samples = Sample.elementwise(Log(), in: 0.2...3)
  package static let flopsPerElement = 14
  package init() {}

  package var loops: UnaryLoops { UnaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ x: L) -> L { x.logarithm() }

  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? {
    b.reciprocal(x)
  }
}

extension GraphBuilder {
  package mutating func log(_ x: Value) -> Value { add(Log(), [x]) }
}
