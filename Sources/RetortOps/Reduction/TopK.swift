import RetortIR
import RetortTensor

/// The `k` largest elements along the last axis, largest first, and where they are.
///
/// Shapes: `x: [outer…, A]` → `values: [outer…, k]`, `indices: i32[outer…, k]`. Of equal elements
/// the one with the lower index comes first; NaN counts as larger than every number. The
/// cotangents of the values go back to where they came from.
/// - C1: `x` holds numbers and has an axis.
/// - C2: `k` is from 1 to the extent of the last axis, which is below 2³¹.
/// - C3: the gradient, which holds `k` rows for each row of `x`, can be counted.
package struct TopK: TensorOp {
  package static let name = "top_k"
  package static let summary = "the k largest along the last axis, and their indices"
  package static let operandNames = ["x"]
  package static let attributes: [Attribute<TopK>] = [
    Attribute("k", \.k, required: true, "how many")
  ]
  package var k = 1

  package init() {}
  package init(k: Int) { self.k = k }

  package static let samples = [
    Sample(TopK(k: 3), [Sample.Operand(TensorType([4, 7]), .distinct(-3...3))]),
    Sample(TopK(k: 5), [Sample.Operand(TensorType([2, 3, 5]), .distinct(-3...3))]),
    Sample(TopK(k: 1), [Sample.Operand(TensorType([9]), .distinct(-3...3))]),
    Sample(TopK(k: 1), [Sample.Operand(TensorType([3, 1]), .distinct(-3...3))]),
    Sample(TopK(k: 2), [TensorType(.i32, [3, 4])]),
  ]

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(
      x.element.isNumber && x.rank >= 1, "C1", "takes numbers along an axis, got \(x)", operand: 0)
    let extent = x.shape[x.rank - 1]
    try require(
      k >= 1 && k <= extent && extent <= Int(Int32.max), "C2",
      "picks \(k) of an axis of extent \(extent)", operand: 0)
    // The derivative compares each pick with each element.
    try require(
      Shape.checked(x.shape.extents + [k]) != nil, "C3",
      "picks \(k) of \(x), which no memory holds side by side", operand: 0)
    let values = x.with(Shape(x.shape.extents.dropLast() + [k]))
    return [values, values.with(.i32)]
  }

  /// `dx = Σₖ dvalues` where an index names the place, else 0. Chosen, not multiplied: 0 times an
  /// infinite cotangent would be NaN in the whole row.
  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    guard let dy = primal.seeds[0] else { return [nil] }
    let x = b.type(of: primal.inputs[0])
    let places = b.oneHot(primal.outputs[1], classes: x.shape[x.rank - 1], type: .bool)
    let column = b.reshape(dy, Shape(b.shape(of: dy).extents + [1]))
    return [b.sum(b.select(places, column, b.fill(0, like: column)), axes: [-2])]
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    Cost.moving(operands, results, flops: Cost.product(operands[0].elementCount, k))
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    switch operands[0].type.element {
    case .f64: run(Double.self, operands[0], results)
    case .f32: run(Float.self, operands[0], results)
    case .i64: run(Int64.self, operands[0], results)
    case .i32: run(Int32.self, operands[0], results)
    default: run(UInt32.self, operands[0], results)
    }
  }

  private func run<E: Element & Comparable>(
    _: E.Type, _ operand: TensorView, _ results: [TensorView]
  ) {
    let x = operand.elements(E.self)
    let (values, indices) = (results[0].elements(E.self), results[1].elements(Int32.self))
    let extent = operand.shape[operand.shape.rank - 1]
    for row in 0..<results[0].elementCount / k {
      let start = row * extent
      let order = (0..<extent).sorted { i, j in
        let (a, b) = (x[start + i], x[start + j])
        // Only NaN differs from itself.
        let (isNaN, otherIsNaN) = (a != a, b != b)
        if isNaN || otherIsNaN { return isNaN && (!otherIsNaN || i < j) }
        return a > b || a == b && i < j
      }
      for (position, index) in order.prefix(k).enumerated() {
        values[row * k + position] = x[start + index]
        indices[row * k + position] = Int32(index)
      }
    }
  }
}

extension GraphBuilder {
  /// `top_k(x, k: k)`: values and indices.
  package mutating func topK(_ x: Value, k: Int) -> (values: Value, indices: Value) {
    let results = addAll(TopK(k: k), [x], names: ["values", "indices"])
    return (results[0], results[1])
  }
}
