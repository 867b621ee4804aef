import RetortIR
import RetortTensor

/// The place of the largest element along one axis, of equal ones the first, of any NaN the first.
/// Constraints as `Extremum` says.
package struct ArgMax: ExtremePlace {
  package static let name = "argmax"
  package static let summary = "the place of the largest element along an axis"
  package static let attributes: [Attribute<ArgMax>] = [
    Attribute("axis", \.axis, required: true, "the axis to go along")
  ]
  package static let seeksLargest = true
  package var axis = 0
  package init() {}
}

extension GraphBuilder {
  package mutating func argmax(_ x: Value, axis: Int) -> Value { add(ArgMax(axis: axis), [x]) }
}
