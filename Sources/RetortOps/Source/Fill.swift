import RetortIR
import RetortTensor

/// A tensor of one number everywhere.
///
/// - C1: no extent is negative, and the elements can be counted.
/// - C2: `type` is one that programs compute with.
/// - C3: `value` is an element of it (reals round).
package struct Fill: TensorOp {
  package static let name = "fill"
  package static let summary = "one number everywhere"
  package static let operandNames: [String] = []
  package static let attributes: [Attribute<Fill>] = [
    Attribute("value", \.value, required: true, "every element"),
    Attribute("shape", \.shape, required: true, "the result's extents"),
    Attribute("type", \.type, "the result's element type"),
  ]
  package static let samples = [
    Sample(Fill(0.1, [5, 7]), []), Sample(Fill(-3, [], .i32), []), Sample(Fill(1, [0], .f64), []),
    Sample(Fill(1, [3], .bool), []), Sample(Fill(0, [3], .key), []),
  ]
  package var value = 0.0
  package var shape: [Int] = []
  package var type = ElementType.f32

  package init() {}

  package init(_ value: Double, _ shape: Shape, _ type: ElementType = .f32) {
    self.value = value
    self.shape = shape.extents
    self.type = type
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let result = try checkedShape(shape, "C1")
    try require(type.isComputed, "C2", "\(type) is for stored weights only")
    try require(type.holds(value), "C3", "\(AttributeValue.spelling(value)) is not of type \(type)")
    return [TensorType(type, result)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    for i in 0..<results[0].elementCount { results[0].store(value, at: i) }
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 0)
  }
}

/// Extents that an attribute claims, as a shape.
func checkedShape(_ extents: [Int], _ label: String) throws(Violation) -> Shape {
  guard let shape = Shape.checked(extents) else {
    throw Violation(label, "\(Shape(extents)) is not the shape of a tensor")
  }
  return shape
}

extension GraphBuilder {
  package mutating func fill(
    _ value: Double, _ shape: Shape, _ type: ElementType = .f32
  ) -> Value {
    add(Fill(value, shape, type), [])
  }

  /// A tensor of the shape and element type of `other`.
  package mutating func fill(_ value: Double, like other: Value) -> Value {
    let type = type(of: other)
    return fill(value, type.shape, type.element)
  }
}
