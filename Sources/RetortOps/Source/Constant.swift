import RetortIR
import RetortTensor

/// A tensor of written-out numbers, in row-major order.
///
/// - C1: no extent is negative, and the elements can be counted.
/// - C2: `type` is one that programs compute with.
/// - C3: there are as many values as elements.
/// - C4: every value is an element of `type` (reals round).
package struct Constant: TensorOp {
  package static let name = "constant"
  package static let summary = "written-out numbers"
  package static let operandNames: [String] = []
  package static let attributes: [Attribute<Constant>] = [
    Attribute("values", \.numbers, required: true, "the elements, row by row"),
    Attribute("shape", \.shape, required: true, "the result's extents"),
    Attribute("type", \.type, "the result's element type"),
  ]
  package static let samples = [
    Sample(Constant([1, -2.5, 0.1, 4, 5, 6], [2, 3]), []),
    Sample(Constant([7], [], .i64), []), Sample(Constant([], [0, 2]), []),
    Sample(Constant([1, 0, 1], [3], .bool), []),
  ]
  package var numbers = Numbers([])
  package var shape: [Int] = []
  package var type = ElementType.f32

  package init() {}

  package init(_ values: [Double], _ shape: Shape, _ type: ElementType = .f32) {
    numbers = Numbers(values)
    self.shape = shape.extents
    self.type = type
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let result = TensorType(type, try checkedShape(shape, "C1"))
    let values = numbers.values
    try require(type.isComputed, "C2", "\(type) is for stored weights only")
    try require(
      values.count == result.elementCount, "C3",
      "\(result) has \(result.elementCount) elements, got \(values.count) values")
    if let odd = values.first(where: { !type.holds($0) }) {
      throw Violation("C4", "\(AttributeValue.spelling(odd)) is not of type \(type)")
    }
    return [result]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    for (i, value) in numbers.values.enumerated() { results[0].store(value, at: i) }
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 0)
  }
}

extension GraphBuilder {
  package mutating func constant(
    _ values: [Double], _ shape: Shape, _ type: ElementType = .f32
  ) -> Value {
    add(Constant(values, shape, type), [])
  }

  /// A vector.
  package mutating func constant(_ values: [Double], _ type: ElementType = .f32) -> Value {
    constant(values, [values.count], type)
  }
}
