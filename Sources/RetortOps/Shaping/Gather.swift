import RetortIR
import RetortTensor

/// Picks slices of `x` along one axis by their numbers: `y[o…, k…, i…] = x[o…, indices[k…], i…]`.
///
/// Shapes: `x: [o…, A, i…]`, `indices: [k…]` → `y: [o…, k…, i…]`; elements of any type. Indices
/// outside `0..<A` read the nearest slice.
/// - C1: `axis` is one of `x`'s.
/// - C2: `indices` is `i32` or `i64`.
/// - C3: the axis has a slice to read, unless there are no indices.
package struct Gather: TensorOp {
  package static let name = "gather"
  package static let summary = "picks slices along an axis by index"
  package static let operandNames = ["x", "indices"]
  package static let attributes: [Attribute<Gather>] = [
    Attribute("axis", \.axis, "the axis of x that indices count along")
  ]
  package var axis = 0

  package init() {}
  package init(axis: Int) { self.axis = axis }

  package static let samples = [
    Sample(Gather(), [TensorType([6, 3]), TensorType(.i32, [5])]),
    Sample(Gather(axis: 1), [TensorType([2, 6, 3]), TensorType(.i64, [2, 4])]),
    Sample(Gather(axis: -1), [TensorType([3, 4]), TensorType(.i32, [])]),
    Sample(Gather(), [TensorType([1]), TensorType(.i32, [3, 1])]),
    Sample(Gather(), [TensorType([4, 2]), TensorType(.i32, [0])]),
    Sample(Gather(axis: 1), [TensorType(.bool, [3, 5]), TensorType(.i32, [7])]),
    Sample(Gather(), [TensorType(.key, [6]), TensorType(.i32, [4])]),
  ]

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (x, indices) = (operands[0], operands[1])
    let axis = try checkedAxis(axis, of: x, "C1")
    try indices.requireIndices("C2", operand: 1)
    try require(
      x.shape[axis] > 0 || indices.elementCount == 0, "C3",
      "picks from axis \(axis) of \(x), which is empty, with \(indices)", operand: 0)
    let (outer, inner) = (x.shape.extents[..<axis], x.shape.extents[(axis + 1)...])
    return [x.with(Shape(outer + indices.shape.extents + inner))]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let x = b.shape(of: primal.inputs[0])
    let axis = x.normalised(axis)!
    return [
      primal.wanted[0]
        ? b.scatterAdd(primal.seed, primal.inputs[1], axis: axis, extent: x[axis]) : nil,
      nil,
    ]
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    // Slices that are not picked are not read.
    Cost.moving([operands[1], results[0]], results, flops: 0)
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let split = AxisSplit(operands[0].shape, axis: operands[0].shape.normalised(axis)!)
    let positions = operands[1].readPositions(extent: split.extent)
    let byteCount = split.innerCount * operands[0].type.element.byteCount
    var target = results[0].base
    for outer in 0..<split.outerCount {
      for position in positions {
        let source = (outer * split.extent + position) * byteCount
        target.copyMemory(from: operands[0].base + source, byteCount: byteCount)
        target += byteCount
      }
    }
  }
}

extension GraphBuilder {
  /// `gather(x, indices, axis: axis)`
  package mutating func gather(_ x: Value, _ indices: Value, axis: Int = 0) -> Value {
    add(Gather(axis: axis), [x, indices])
  }
}
