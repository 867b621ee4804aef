import RetortIR
import RetortTensor

/// `x` with the elements along some axes in the opposite order; elements of any type.
///
/// - C1: every axis is one of `x`.
/// - C2: no axis is named twice.
package struct Reverse: TensorOp {
  package static let name = "reverse"
  package static let summary = "the opposite order along some axes"
  package static let operandNames = ["x"]
  package static let attributes: [Attribute<Reverse>] = [
    Attribute("axes", \.axes, required: true, "the axes that are turned round")
  ]
  package static let samples = [
    Sample(Reverse([1]), [TensorType([5, 7])]),
    Sample(Reverse([-1, 0]), [TensorType([2, 3, 4])]),
    Sample(Reverse([]), [TensorType([])]),
    Sample(Reverse([0]), [TensorType(.bool, [0, 3])]),
    Sample(Reverse([0]), [TensorType(.key, [3])]),
  ]
  package var axes: [Int] = []

  package init() {}

  package init(_ axes: [Int]) { self.axes = axes }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    _ = try checkedAxes(axes, of: operands[0], outside: "C1", repeated: "C2")
    return operands
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    [b.reverse(primal.seed, axes)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let shape = operands[0].shape
    var strides = shape.strides
    var first = 0
    for axis in axes.map({ shape.normalised($0)! }) {
      first += (shape[axis] - 1) * strides[axis]
      strides[axis] *= -1
    }
    results[0].gatherElements(from: operands[0], strides: strides, start: first)
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 0)
  }
}

extension GraphBuilder {
  package mutating func reverse(_ x: Value, _ axes: [Int]) -> Value { add(Reverse(axes), [x]) }
}
