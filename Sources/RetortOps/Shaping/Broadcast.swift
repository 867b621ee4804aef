import RetortIR
import RetortTensor

/// `x` repeated to a larger shape as NumPy does: aligned from the last axis, axes of extent 1 and
/// missing leading axes repeat. Elements of any type.
///
/// - C1: `shape` is the shape of a tensor.
/// - C2: `x` can be repeated to it.
package struct Broadcast: TensorOp {
  package static let name = "broadcast"
  package static let summary = "repeated to a larger shape"
  package static let operandNames = ["x"]
  package static let attributes: [Attribute<Broadcast>] = [
    Attribute("shape", \.shape, required: true, "the result's extents")
  ]
  package static let samples = [
    Sample(Broadcast([5, 7]), [TensorType([])]),
    Sample(Broadcast([5, 7]), [TensorType([7])]),
    Sample(Broadcast([2, 5, 7]), [TensorType([5, 1])]),
    Sample(Broadcast([3, 4]), [TensorType([3, 4])]),
    Sample(Broadcast([0, 4]), [TensorType([1, 4])]),
    Sample(Broadcast([3, 1]), [TensorType(.key, [1])]),
    Sample(Broadcast([3, 2]), [TensorType(.bool, [2])]),
  ]
  package var shape: [Int] = []

  package init() {}

  package init(_ shape: Shape) { self.shape = shape.extents }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    let result = try checkedShape(shape, "C1")
    try require(
      x.shape.broadcasts(to: result), "C2", "cannot broadcast \(x) to \(result)", operand: 0)
    return [x.with(result)]
  }

  /// The cotangents of all copies, summed.
  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let own = b.shape(of: primal.inputs[0])
    let missing = shape.count - own.rank
    let repeated = shape.indices.filter { axis in
      axis < missing || own[axis - missing] == 1 && shape[axis] != 1
    }
    let total = repeated.isEmpty ? primal.seed : b.sum(primal.seed, axes: repeated)
    return [b.reshape(total, own)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    results[0].gatherElements(
      from: operands[0], strides: operands[0].shape.broadcastStrides(to: results[0].shape))
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 0)
  }
}

extension GraphBuilder {
  /// `x` itself where it has the shape already.
  package mutating func broadcast(_ x: Value, to shape: Shape) -> Value {
    self.shape(of: x) == shape ? x : add(Broadcast(shape), [x])
  }
}
