import RetortIR
import RetortTensor

/// `y[k…, c] = 1` where `indices[k…] = c`, else 0. An index outside `0..<classes` gives zeros only.
///
/// Shapes: `indices: [k…]` → `y: [k…, classes]`.
/// - C1: `indices` is `i32` or `i64`.
/// - C2: `classes` is from 0 to 2³¹.
/// - C3: `type` is a type of numbers or `bool`.
package struct OneHot: TensorOp {
  package static let name = "one_hot"
  package static let summary = "1 at each index along a new last axis, else 0"
  package static let operandNames = ["indices"]
  package static let attributes: [Attribute<OneHot>] = [
    Attribute("classes", \.classes, required: true, "extent of the new axis"),
    Attribute("type", \.type, "element type of the result"),
  ]
  package static let differentiability = Differentiability.none(
    reason: "one_hot takes integers, which have no derivative")
  package var classes = 1
  package var type = ElementType.f32

  package init() {}

  package init(classes: Int, type: ElementType = .f32) {
    self.classes = classes
    self.type = type
  }

  package static let samples = [
    Sample(OneHot(classes: 4), [TensorType(.i32, [7])]),
    Sample(OneHot(classes: 5, type: .f64), [TensorType(.i64, [2, 3])]),
    Sample(OneHot(classes: 1), [TensorType(.i32, [])]),
    Sample(OneHot(classes: 3, type: .bool), [TensorType(.i32, [5])]),
    Sample(OneHot(classes: 3, type: .u32), [TensorType(.i32, [0])]),
  ]

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try operands[0].requireIndices("C1", operand: 0)
    try require(
      (0...WindowAxis.limit).contains(classes), "C2",
      "takes from 0 to \(WindowAxis.limit) classes, got \(classes)")
    try require(
      type.isNumber || type == .bool, "C3", "gives numbers or bool, got \(type.rawValue)")
    return [TensorType(type, Shape(operands[0].shape.extents + [classes]))]
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    Cost.moving(operands, results, flops: 0)
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let y = results[0]
    y.base.initializeMemory(as: UInt8.self, repeating: 0, count: y.type.byteCount)
    for (row, index) in operands[0].readIndices().enumerated() {
      if index >= 0 && index < classes { y.store(1, at: row * classes + index) }
    }
  }
}

extension GraphBuilder {
  /// `one_hot(indices, classes: classes, type: type)`
  package mutating func oneHot(
    _ indices: Value, classes: Int, type: ElementType = .f32
  ) -> Value {
    add(OneHot(classes: classes, type: type), [indices])
  }
}
