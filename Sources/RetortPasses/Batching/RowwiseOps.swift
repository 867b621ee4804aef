import RetortIR
import RetortOps
import RetortTensor

/// What operations do along axis 0, the axis of a batch: which of them treat every row on its own,
/// so that they give for rows one behind the other what they give for each.
package enum RowwiseOps {
  /// How an operand takes part.
  package enum Role: Hashable, Sendable {
    /// Row by row: a row of the result depends on the same row of the operand.
    case rows
    /// As a whole, the same for every row: a kernel, a matrix.
    case whole
  }

  /// One role an operand, or nil where rows of the result depend on other rows.
  package static func roles(_ op: any Op, _ operands: [TensorType], _ result: TensorType) -> [Role]?
  {
    guard result.rank > 0, let first = operands.first, first.rank > 0 else { return nil }
    if ElementwiseOps.contains(op) { return operands.map { _ in .rows } }
    if let product = op as? MatMul { return roles(product, operands) }
    let isRowwise: Bool
    switch op {
    case is Conv2d, is Conv2dTranspose: return [.rows, .whole]
    case is any Pooling, is CropResize, is CropResizeAdjoint, is OneHot: isRowwise = true
    case let op as any SumReduction: isRowwise = !first.shape.reducedAxes(op.axes).contains(0)
    case let op as any Extremum: isRowwise = first.shape.normalised(op.axis) != 0
    case let op as Softmax: isRowwise = first.shape.normalised(op.axis) != 0
    case let op as LogSoftmax: isRowwise = first.shape.normalised(op.axis) != 0
    case is Reshape: isRowwise = first.shape[0] == result.shape[0]
    case is Broadcast: isRowwise = first.rank == result.rank && first.shape[0] == result.shape[0]
    case let op as Transpose: isRowwise = first.shape.normalised(op.permutation[0]) == 0
    case let op as Slice: isRowwise = leavesRows(op.axes, first)
    case let op as Pad: isRowwise = leavesRows(op.axes, first)
    case let op as Reverse: isRowwise = leavesRows(op.axes, first)
    case let op as Concatenate: isRowwise = first.shape.normalised(op.axis) != 0
    default: isRowwise = false
    }
    return isRowwise ? operands.map { _ in .rows } : nil
  }

  private static func leavesRows(_ axes: [Int], _ operand: TensorType) -> Bool {
    axes.allSatisfy { operand.shape.normalised($0) != 0 }
  }

  private static func roles(_ op: MatMul, _ operands: [TensorType]) -> [Role]? {
    switch (operands[0].rank > 2, operands[1].rank > 2) {
    case (true, true): [.rows, .rows]
    case (true, false): [.rows, .whole]
    case (false, true): [.whole, .rows]
    case (false, false): op.transposeA ? nil : [.rows, .whole]
    }
  }

  /// Whether every row of the result is the same, whatever the operands, all taken as a whole.
  package static func repeatsRows(_ op: any Op, _ operands: [TensorType], _ result: TensorType)
    -> Bool
  {
    guard result.rank > 0 else { return false }
    switch op {
    case is Fill: return true
    case let op as Iota: return result.shape.normalised(op.axis) != 0
    case is Broadcast: return operands[0].rank < result.rank || operands[0].shape[0] == 1
    default: return false
    }
  }

  /// The operation for another number of rows: those that name their result's extents name it.
  package static func resized(_ op: any Op, _ result: TensorType, rows: Int) -> any Op {
    switch op {
    case is Reshape: return Reshape(result.shape.with(rows: rows))
    case is Broadcast: return Broadcast(result.shape.with(rows: rows))
    case let op as Fill: return Fill(op.value, result.shape.with(rows: rows), op.type)
    case let op as Iota: return Iota(result.shape.with(rows: rows), axis: op.axis, op.type)
    default: return op
    }
  }

  /// Whether the operation's weights are what makes passes siblings.
  static func isContraction(_ op: any Op) -> Bool {
    op is Conv2d || op is Conv2dTranspose || op is MatMul
  }
}

extension Shape {
  /// The shape with another extent of axis 0.
  func with(rows: Int) -> Shape {
    var result = self
    result[0] = rows
    return result
  }
}

extension TensorType {
  func with(rows: Int) -> TensorType { with(shape.with(rows: rows)) }
}
