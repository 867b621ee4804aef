import RetortIR
import RetortTensor

/// The place of the smallest element along one axis, of equal ones the first, of any NaN the first.
/// Constraints as `Extremum` says.
package struct ArgMin: ExtremePlace {
  package static let name = "argmin"
  package static let summary = "the place of the smallest element along an axis"
  package static let attributes: [Attribute<ArgMin>] = [
    Attribute("axis", \.axis, required: true, "the axis to go along")
  ]
  package static let seeksLargest = false
  package var axis = 0
  package init() {}
}

extension GraphBuilder {
  package mutating func argmin(_ x: Value, axis: Int) -> Value { add(ArgMin(axis: axis), [x]) }
}
