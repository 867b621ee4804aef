import RetortIR
import RetortTensor

/// The smallest element along one axis; NaN where there is one. Constraints as `Extremum` says.
package struct ReduceMin: ExtremeValue {
  package static let name = "reduce_min"
  package static let summary = "the smallest element along an axis"
  package static let attributes: [Attribute<ReduceMin>] = [
    Attribute("axis", \.axis, required: true, "the axis to go along"),
    Attribute("keep", \.keep, "whether it stays, with extent 1"),
  ]
  package static let seeksLargest = false
  package var axis = 0
  package var keep = false
  package init() {}

  package func places(_ b: inout GraphBuilder, _ x: Value) -> Value { b.argmin(x, axis: axis) }
}

extension GraphBuilder {
  package mutating func reduceMin(_ x: Value, axis: Int, keep: Bool = false) -> Value {
    add(ReduceMin(axis: axis, keep: keep), [x])
  }
}
