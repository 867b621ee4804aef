import RetortIR
import RetortTensor

/// Each element's index along one axis: 0, 1, 2, …
///
/// - C1: `shape` is the shape of a tensor.
/// - C2: `type` is a number.
/// - C3: `axis` is one of the shape's.
package struct Iota: TensorOp {
  package static let name = "iota"
  package static let summary = "each element's index along an axis"
  package static let operandNames: [String] = []
  package static let attributes: [Attribute<Iota>] = [
    Attribute("shape", \.shape, required: true, "the result's extents"),
    Attribute("axis", \.axis, "the axis that is counted along"),
    Attribute("type", \.type, "the result's element type"),
  ]
  package static let samples = [
    Sample(Iota([7]), []), Sample(Iota([2, 3, 4], axis: 1), []),
    Sample(Iota([2, 3], axis: -1, .f32), []), Sample(Iota([0, 3], axis: 1, .i64), []),
  ]
  package var shape: [Int] = []
  package var axis = 0
  package var type = ElementType.i32

  package init() {}

  package init(_ shape: Shape, axis: Int = 0, _ type: ElementType = .i32) {
    self.shape = shape.extents
    self.axis = axis
    self.type = type
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let result = TensorType(type, try checkedShape(shape, "C1"))
    try require(type.isNumber, "C2", "counts in numbers, not in \(type)")
    _ = try checkedAxis(axis, of: result, "C3", operand: nil)
    return [result]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let y = results[0]
    let split = AxisSplit(y.shape, axis: y.shape.normalised(axis)!)
    for i in 0..<y.elementCount {
      y.store(Double(i / split.innerCount % split.extent), at: i)
    }
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 0)
  }
}

extension GraphBuilder {
  package mutating func iota(
    _ shape: Shape, axis: Int = 0, _ type: ElementType = .i32
  ) -> Value {
    add(Iota(shape, axis: axis, type), [])
  }
}
