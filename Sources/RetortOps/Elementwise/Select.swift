import RetortIR
import RetortTensor

/// `y = a` where `condition` holds, else `b`; elements of any type. The other one's value, NaN
/// included, leaves no trace.
///
/// - C1: the operands have one shape (the builder and the language broadcast them first).
/// - C2: `a` and `b` have one element type.
/// - C3: `condition` is `bool`.
package struct Select: TensorOp {
  package static let name = "select"
  package static let summary = "a where the condition holds, else b"
  package static let operandNames = ["condition", "a", "b"]
  package static let broadcastsOperands = true
  package static let samples = [ElementType.f32, .i32, .bool, .key].flatMap { element in
    [Shape([]), [0], [5, 7]].map { shape in
      let type = TensorType(element, shape)
      return Sample(Select(), [type.with(.bool), type, type])
    }
  }
  package init() {}

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let type = operands[1]
    for (index, other) in operands.enumerated() {
      try require(
        other.shape == operands[0].shape, "C1",
        "takes operands of one shape, got \(operands[0]) and \(other)", operand: index)
    }
    try require(
      type.element == operands[2].element, "C2",
      "chooses between one element type, got \(type.element) and \(operands[2].element)",
      operand: 2, hint: "'convert' one of them")
    try require(
      operands[0].element == .bool, "C3", "takes a condition of bool, got \(operands[0])",
      operand: 0)
    return [type]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let (condition, dy) = (primal.inputs[0], primal.seed)
    let none = b.fill(0, like: dy)
    return [
      nil,
      primal.wanted[1] ? b.select(condition, dy, none) : nil,
      primal.wanted[2] ? b.select(condition, none, dy) : nil,
    ]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let condition = operands[0].elements(Bool.self)
    let width = results[0].type.element.byteCount
    for i in condition.indices {
      let source = condition[i] ? operands[1] : operands[2]
      (results[0].base + i * width).copyMemory(from: source.base + i * width, byteCount: width)
    }
  }
}

extension GraphBuilder {
  /// `a` where `condition` holds, else `b`, broadcast.
  package mutating func select(_ condition: Value, _ a: Value, _ b: Value) -> Value {
    elementwise(Select(), condition, a, b)
  }
}
