import RetortIR
import RetortTensor

/// The same elements in the same row-major order under another shape; elements of any type.
///
/// One extent may be −1: it is then whatever is left over.
///
/// - C1: `shape` is the shape of a tensor, one −1 apart.
/// - C2: both shapes have as many elements.
package struct Reshape: TensorOp {
  package static let name = "reshape"
  package static let summary = "the same elements under another shape"
  package static let operandNames = ["x"]
  package static let attributes: [Attribute<Reshape>] = [
    Attribute("shape", \.shape, required: true, "the result's extents; one may be -1")
  ]
  package static let samples = [
    Sample(Reshape([3, 10]), [TensorType([5, 6])]),
    Sample(Reshape([2, -1]), [TensorType([3, 4])]),
    Sample(Reshape([]), [TensorType([1, 1])]),
    Sample(Reshape([0, 3]), [TensorType(.bool, [2, 0])]),
    Sample(Reshape([4]), [TensorType(.key, [2, 2])]),
  ]
  package var shape: [Int] = []

  package init() {}

  package init(_ shape: Shape) { self.shape = shape.extents }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    let result = try resolved(x)
    try require(
      result.elementCount == x.elementCount, "C2",
      "cannot reshape \(x), \(x.elementCount) elements, to \(Shape(shape))", operand: 0)
    return [x.with(result)]
  }

  /// The shape without −1.
  private func resolved(_ x: TensorType) throws(Violation) -> Shape {
    guard let open = shape.firstIndex(of: -1) else { return try checkedShape(shape, "C1") }
    var extents = shape
    extents[open] = 1
    guard let rest = Shape.checked(extents) else {
      throw Violation("C1", "\(Shape(shape)) is not the shape of a tensor")
    }
    let count = rest.elementCount
    try require(
      count > 0 && x.elementCount % count == 0, "C2",
      "cannot reshape \(x), \(x.elementCount) elements, to \(Shape(shape))", operand: 0)
    extents[open] = x.elementCount / count
    return Shape(extents)
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    [b.reshape(primal.seed, b.shape(of: primal.inputs[0]))]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    results[0].copyElements(from: operands[0])
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 0)
  }
}

extension GraphBuilder {
  /// `x` itself where it has the shape already.
  package mutating func reshape(_ x: Value, _ shape: Shape) -> Value {
    self.shape(of: x) == shape ? x : add(Reshape(shape), [x])
  }
}
