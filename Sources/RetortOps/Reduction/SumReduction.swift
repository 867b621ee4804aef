import RetortIR
import RetortTensor

/// `sum` and `mean`: what they share.
package protocol SumReduction: TensorOp {
  var axes: [Int] { get set }
  var keep: Bool { get set }
  init()
}

extension SumReduction {
  package init(axes: [Int], keep: Bool = false) {
    self.init()
    self.axes = axes
    self.keep = keep
  }

  package static var operandNames: [String] { ["x"] }

  package static var samples: [Sample] {
    [
      Sample(Self(axes: []), [TensorType([5, 7])]),
      Sample(Self(axes: []), [TensorType([])]),
      Sample(Self(axes: [1]), [TensorType([3, 4, 5])]),
      Sample(Self(axes: [-1, 0], keep: true), [TensorType([3, 4, 5])]),
      Sample(Self(axes: [1, 2]), [TensorType([2, 3, 37])]),
      Sample(Self(axes: [1]), [TensorType([0, 3])]),
    ]
  }

  /// The cotangent repeated along the axes that were summed.
  func spread(_ b: inout GraphBuilder, _ dy: Value, like x: Value) -> Value {
    let shape = b.shape(of: x)
    let kept = b.reshape(dy, shape.reduced(shape.reducedAxes(axes), keep: true))
    return b.broadcast(kept, to: shape)
  }

  /// The extent of the last axis where sums over all other axes leave it and rows of it are whole
  /// vectors: what a fused kernel adds up while it computes the rows. Nil for all else.
  package func fusedColumnCount(of x: TensorType) -> Int? {
    guard x.element == .f32, x.rank >= 2, x.elementCount > 0, let columns = x.shape.extents.last,
      columns % 16 == 0, columns <= 1024,
      Set(x.shape.reducedAxes(axes)) == Set(0..<x.rank - 1)
    else { return nil }
    return columns
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: operands[0].elementCount)
  }
}

/// Where each element of a tensor goes when axes are summed: strides of the result, 0 along them.
func targetStrides(_ shape: Shape, summing axes: [Int]) -> [Int] {
  var strides = shape.reduced(axes, keep: true).strides
  for axis in axes { strides[axis] = 0 }
  return strides
}
