import RetortIR
import RetortTensor

/// The largest element along one axis; NaN where there is one. Constraints as `Extremum` says.
package struct ReduceMax: ExtremeValue {
  package static let name = "reduce_max"
  package static let summary = "the largest element along an axis"
  package static let attributes: [Attribute<ReduceMax>] = [
    Attribute("axis", \.axis, required: true, "the axis to go along"),
    Attribute("keep", \.keep, "whether it stays, with extent 1"),
  ]
  package static let seeksLargest = true
  package var axis = 0
  package var keep = false
  package init() {}

  package func places(_ b: inout GraphBuilder, _ x: Value) -> Value { b.argmax(x, axis: axis) }
}

extension GraphBuilder {
  package mutating func reduceMax(_ x: Value, axis: Int, keep: Bool = false) -> Value {
    add(ReduceMax(axis: axis, keep: keep), [x])
  }
}
