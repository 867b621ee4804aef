import RetortIR
import RetortTensor

extension Shape {
  /// An axis that may count from the end, as one of `0..<rank`; nil where there is none.
  package func normalised(_ axis: Int) -> Int? {
    let counted = axis < 0 ? axis + rank : axis
    return extents.indices.contains(counted) ? counted : nil
  }

  /// The axes of a reduction, ascending; an empty list means all. They must have been checked.
  package func reducedAxes(_ axes: [Int]) -> [Int] {
    axes.isEmpty ? Array(extents.indices) : axes.map { normalised($0)! }.sorted()
  }

  /// This shape with the given axes (ascending, not negative) taken out or of extent 1.
  package func reduced(_ axes: [Int], keep: Bool) -> Shape {
    var result = self
    for axis in axes.reversed() {
      if keep { result[axis] = 1 } else { result.extents.remove(at: axis) }
    }
    return result
  }
}

/// The axis as one of `0..<rank`, or a violation that names it.
package func checkedAxis(
  _ axis: Int, of type: TensorType, _ label: String, operand: Int? = 0
) throws(Violation) -> Int {
  guard let result = type.shape.normalised(axis) else {
    throw Violation(label, "axis \(axis) is outside \(type)", operand: operand)
  }
  return result
}

/// The axes as some of `0..<rank`, in the given order, each at most once.
package func checkedAxes(
  _ axes: [Int], of type: TensorType, outside: String, repeated: String
) throws(Violation) -> [Int] {
  var result: [Int] = []
  for axis in axes {
    let counted = try checkedAxis(axis, of: type, outside)
    try require(
      !result.contains(counted), repeated, "axis \(axis) of \(type) is named twice", operand: 0)
    result.append(counted)
  }
  return result
}

/// A tensor seen as three axes, the middle one being the one that matters:
/// element `(o, i, n)` lies at `(o · extent + i) · innerCount + n`.
package struct AxisSplit: Sendable {
  package let outerCount: Int
  package let extent: Int
  package let innerCount: Int

  package init(_ shape: Shape, axis: Int) {
    outerCount = shape.extents[..<axis].reduce(1, *)
    extent = shape[axis]
    innerCount = shape.extents[(axis + 1)...].reduce(1, *)
  }
}
