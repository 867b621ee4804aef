import RetortIR
import RetortTensor

/// Adds slices to zeros along one axis, the adjoint of `gather`:
/// `x[o…, a, i…] = Σ updates[o…, k…, i…]` over all `k` with `indices[k…] = a`.
///
/// Shapes: `updates: [o…, k…, i…]`, `indices: [k…]` → `x: [o…, extent, i…]`. `axis` is that of the
/// result. Indices outside `0..<extent` add to the nearest slice, as `gather` reads it. Slices are
/// added in the order of the indices; integers wrap around.
/// - C1: `updates` holds numbers, `indices` is `i32` or `i64`.
/// - C2: `axis` is one of the result's.
/// - C3: from `axis` on, `updates` has the extents of `indices`.
/// - C4: `extent` is from 0 to 2³¹, and at least 1 if there are indices.
package struct ScatterAdd: TensorOp {
  package static let name = "scatter_add"
  package static let summary = "adds slices to zeros by index, the adjoint of gather"
  package static let operandNames = ["updates", "indices"]
  package static let attributes: [Attribute<ScatterAdd>] = [
    Attribute("axis", \.axis, "the axis of the result that indices count along"),
    Attribute("extent", \.extent, required: true, "the result's extent along the axis"),
  ]
  package var axis = 0
  package var extent = 1

  package init() {}

  package init(axis: Int, extent: Int) {
    self.axis = axis
    self.extent = extent
  }

  package static let samples = [
    Sample(ScatterAdd(axis: 0, extent: 6), [TensorType([5, 3]), TensorType(.i32, [5])]),
    Sample(
      ScatterAdd(axis: 1, extent: 4), [TensorType([2, 2, 4, 3]), TensorType(.i64, [2, 4])]),
    Sample(ScatterAdd(axis: -1, extent: 4), [TensorType([3]), TensorType(.i32, [])]),
    Sample(ScatterAdd(axis: 0, extent: 1), [TensorType([3, 1]), TensorType(.i32, [3, 1])]),
    Sample(ScatterAdd(axis: 0, extent: 3), [TensorType([0, 2]), TensorType(.i32, [0])]),
    Sample(ScatterAdd(axis: 0, extent: 3), [TensorType(.i32, [4]), TensorType(.i32, [4])]),
  ]

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (updates, indices) = (operands[0], operands[1])
    try require(
      updates.element.isNumber, "C1", "takes numbers as 'updates', got \(updates)", operand: 0)
    try indices.requireIndices("C1", operand: 1)
    let rank = updates.rank - indices.rank + 1
    let axis = axis < 0 ? axis + rank : axis
    try require(
      axis >= 0 && axis < rank, "C2",
      "axis \(self.axis) is outside the result of rank \(max(rank, 0))", operand: 0)
    let extents = updates.shape.extents
    let behind = axis + indices.rank
    try require(
      Array(extents[axis..<behind]) == indices.shape.extents, "C3",
      "expects the extents of \(indices) at axis \(axis) of 'updates', got \(updates)",
      operand: 0)
    try require(
      (0...WindowAxis.limit).contains(extent) && (extent > 0 || indices.elementCount == 0), "C4",
      "adds \(indices.elementCount) slices along an axis of extent \(extent)", operand: 1)
    return [updates.with(Shape(extents[..<axis] + [extent] + extents[behind...]))]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let indices = primal.inputs[1]
    return [primal.wanted[0] ? b.gather(primal.seed, indices, axis: axis) : nil, nil]
  }

  /// One addition for each element of `updates`.
  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    Cost.moving(operands, results, flops: operands[0].elementCount)
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    switch operands[0].type.element {
    case .f64: run(Double.self, operands, results[0]) { $0 + $1 }
    case .f32: run(Float.self, operands, results[0]) { $0 + $1 }
    case .i64: run(Int64.self, operands, results[0]) { $0 &+ $1 }
    case .i32: run(Int32.self, operands, results[0]) { $0 &+ $1 }
    default: run(UInt32.self, operands, results[0]) { $0 &+ $1 }
    }
  }

  private func run<E: Element & Numeric>(
    _: E.Type, _ operands: [TensorView], _ result: TensorView, add: (E, E) -> E
  ) {
    let (updates, x) = (operands[0].elements(E.self), result.elements(E.self))
    let split = AxisSplit(result.shape, axis: result.shape.normalised(axis)!)
    let positions = operands[1].readPositions(extent: split.extent)
    x.update(repeating: 0)
    var source = 0
    for outer in 0..<split.outerCount {
      for position in positions {
        let target = (outer * split.extent + position) * split.innerCount
        for inner in 0..<split.innerCount {
          x[target + inner] = add(x[target + inner], updates[source])
          source += 1
        }
      }
    }
  }
}

extension GraphBuilder {
  /// `scatter_add(updates, indices, axis: axis, extent: extent)`
  package mutating func scatterAdd(
    _ updates: Value, _ indices: Value, axis: Int, extent: Int
  ) -> Value {
    add(ScatterAdd(axis: axis, extent: extent), [updates, indices])
  }
}
