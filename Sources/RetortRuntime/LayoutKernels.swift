import RetortIR
import RetortKernels
import RetortOps
import RetortTensor

/// Operations that only move elements, of any type.
enum LayoutKernels {
  /// The kernels of an operation that moves elements; nil for others.
  static func kernels(
    _ op: any TensorOp, _ operands: [TensorView], _ y: TensorView
  ) -> [any Kernel]? {
    let width = y.type.element.byteCount
    return switch op {
    case let op as Fill: [fill(op.value, y)]
    case is Reshape, is Detach:
      [
        copy(
          StridedCopy(
            extents: [y.elementCount], sourceStrides: [1], targetStrides: [1],
            elementByteCount: width), operands[0], y)
      ]
    case is Broadcast:
      [
        copy(
          .broadcast(operands[0].shape, to: y.shape, elementByteCount: width), operands[0], y)
      ]
    case let op as Transpose: [transpose(op, operands[0], y)]
    case let op as Slice: [slice(op, operands[0], y)]
    case let op as Reverse: [reverse(op, operands[0], y)]
    case let op as Pad: [fill(op.value, y), insert(op, operands[0], y)]
    case let op as Concatenate: concatenate(op, operands, y)
    case let op as Gather: [IndexKernels.gather(op, operands[0], operands[1], y)]
    default: nil
    }
  }

  private static func copy(_ kernel: StridedCopy, _ x: TensorView, _ y: TensorView) -> any Kernel {
    let (source, target) = (x.base, y.base)
    return BoundKernel(tiles: kernel.tileCount) { tile, _ in
      kernel.run(tile: tile, source: source, target: target)
    }
  }

  private static func fill(_ value: Double, _ y: TensorView) -> any Kernel {
    let pattern = withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 1) { word in
      word[0] = 0
      TensorView(TensorType(y.type.element, []), word.baseAddress!).store(value, at: 0)
      return word[0]
    }
    let kernel = FillKernel(
      elementCount: y.elementCount, elementByteCount: y.type.element.byteCount)
    let target = y.base
    return BoundKernel(tiles: kernel.tileCount) { tile, _ in
      kernel.run(tile: tile, pattern: pattern, target: target)
    }
  }

  private static func transpose(_ op: Transpose, _ x: TensorView, _ y: TensorView) -> any Kernel {
    let permutation = op.permutation.map { x.shape.normalised($0)! }
    return copy(
      .transpose(
        x.shape, permutation: permutation, elementByteCount: x.type.element.byteCount), x, y)
  }

  private static func slice(_ op: Slice, _ x: TensorView, _ y: TensorView) -> any Kernel {
    copy(
      .slice(
        x.shape, starts: spread(op.start, over: op.axes, of: x.shape, others: 0),
        extents: y.shape.extents, steps: spread(op.step, over: op.axes, of: x.shape, others: 1),
        elementByteCount: x.type.element.byteCount), x, y)
  }

  private static func reverse(_ op: Reverse, _ x: TensorView, _ y: TensorView) -> any Kernel {
    let axes = op.axes.map { x.shape.normalised($0)! }
    return copy(
      .reverse(x.shape, axes: axes, elementByteCount: x.type.element.byteCount), x, y)
  }

  private static func insert(_ op: Pad, _ x: TensorView, _ y: TensorView) -> any Kernel {
    copy(
      .insert(
        x.shape, into: y.shape, starts: spread(op.low, over: op.axes, of: x.shape, others: 0),
        steps: spread(op.interior.map { $0 + 1 }, over: op.axes, of: x.shape, others: 1),
        elementByteCount: x.type.element.byteCount), x, y)
  }

  private static func concatenate(
    _ op: Concatenate, _ operands: [TensorView], _ y: TensorView
  ) -> [any Kernel] {
    let axis = y.shape.normalised(op.axis)!
    var starts = [Int](repeating: 0, count: y.shape.rank)
    return operands.map { x in
      defer { starts[axis] += x.shape[axis] }
      return copy(
        .insert(
          x.shape, into: y.shape, starts: starts, elementByteCount: x.type.element.byteCount),
        x, y)
    }
  }

  /// A number for each axis of a shape: for those listed theirs, unless none is given, and `others`
  /// for the rest.
  private static func spread(
    _ numbers: [Int], over axes: [Int], of shape: Shape, others: Int
  ) -> [Int] {
    var all = [Int](repeating: others, count: shape.rank)
    for (axis, number) in zip(axes, numbers) { all[shape.normalised(axis)!] = number }
    return all
  }
}
