import RetortIR
import RetortTensor

/// Axis `i` of the result is axis `permutation[i]` of `x`; elements of any type.
///
/// - C1: `permutation` names every axis of `x` once.
package struct Transpose: TensorOp {
  package static let name = "transpose"
  package static let summary = "the axes in another order"
  package static let operandNames = ["x"]
  package static let attributes: [Attribute<Transpose>] = [
    Attribute("permutation", \.permutation, required: true, "which axis of x each axis is")
  ]
  package static let samples = [
    Sample(Transpose([1, 0]), [TensorType([5, 7])]),
    Sample(Transpose([2, 0, 1]), [TensorType([3, 4, 5])]),
    Sample(Transpose([0, 3, 1, -2]), [TensorType([2, 3, 4, 5])]),
    Sample(Transpose([]), [TensorType([])]),
    Sample(Transpose([1, 0]), [TensorType(.key, [2, 0])]),
    Sample(Transpose([1, 0]), [TensorType(.bool, [2, 3])]),
  ]
  package var permutation: [Int] = []

  package init() {}

  package init(_ permutation: [Int]) { self.permutation = permutation }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    let axes = permutation.map { x.shape.normalised($0) ?? -1 }
    try require(
      axes.sorted() == Array(0..<x.rank), "C1",
      "\(Shape(permutation)) does not name every axis of \(x) once", operand: 0)
    return [x.with(Shape(axes.map { x.shape[$0] }))]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let axes = permutation.map { b.shape(of: primal.inputs[0]).normalised($0)! }
    var inverse = axes
    for (to, from) in axes.enumerated() { inverse[from] = to }
    return [b.transpose(primal.seed, inverse)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let shape = operands[0].shape
    let strides = shape.strides
    results[0].gatherElements(
      from: operands[0], strides: permutation.map { strides[shape.normalised($0)!] })
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 0)
  }
}

extension GraphBuilder {
  package mutating func transpose(_ x: Value, _ permutation: [Int]) -> Value {
    add(Transpose(permutation), [x])
  }
}
