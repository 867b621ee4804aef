import RetortIR
import RetortTensor

/// `y = x`, elements of any type; no gradient flows back through it.
package struct Detach: TensorOp {
  package static let name = "detach"
  package static let summary = "x without a gradient"
  package static let operandNames = ["x"]
  package static let differentiability = Differentiability.zero(
    reason: "detach stops the gradient")
  package static let samples = [ElementType.f32, .bool, .key].flatMap { element in
    [Shape([]), [0], [5, 7]].map { Sample(Detach(), [TensorType(element, $0)]) }
  }
  package init() {}

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] { operands }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    results[0].copyElements(from: operands[0])
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 0)
  }
}

extension GraphBuilder {
  package mutating func detach(_ x: Value) -> Value { add(Detach(), [x]) }
}
