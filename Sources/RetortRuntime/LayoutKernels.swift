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
    switch op {
    case let op as Fill: [fill(op.value, y)]
    case is Reshape, is Detach:
      [gather(operands[0], y, operands[0].shape.strides, operands[0].shape)]
    case is Broadcast:
      [gather(operands[0], y, operands[0].shape.broadcastStrides(to: y.shape), y.shape)]
    case let op as Transpose: [transpose(op, operands[0], y)]
    case let op as Slice: [slice(op, operands[0], y)]
    case let op as Reverse: [reverse(op, operands[0], y)]
    case let op as Pad: pad(op, operands[0], y)
    case let op as Concatenate: concatenate(op, operands, y)
    case let op as Gather: [IndexKernels.gather(op, operands[0], operands[1], y)]
    default: nil
    }
  }

  /// Fills y in order from strided places of x.
  private static func gather(
    _ x: TensorView, _ y: TensorView, _ strides: [Int], _ shape: Shape, first: Int = 0
  ) -> any Kernel {
    copy(
      StridedCopy(
        extents: shape.extents, sourceStrides: strides, sourceOffset: first,
        targetStrides: shape.strides, elementByteCount: y.type.element.byteCount), x, y)
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
    let strides = x.shape.strides
    return gather(x, y, op.permutation.map { strides[x.shape.normalised($0)!] }, y.shape)
  }

  private static func slice(_ op: Slice, _ x: TensorView, _ y: TensorView) -> any Kernel {
    var strides = x.shape.strides
    var first = 0
    for (i, axis) in op.axes.enumerated() {
      let axis = x.shape.normalised(axis)!
      first += op.start[i] * strides[axis]
      strides[axis] *= op.step.isEmpty ? 1 : op.step[i]
    }
    return gather(x, y, strides, y.shape, first: first)
  }

  private static func reverse(_ op: Reverse, _ x: TensorView, _ y: TensorView) -> any Kernel {
    var strides = x.shape.strides
    var first = 0
    for axis in op.axes.map({ x.shape.normalised($0)! }) {
      first += (x.shape[axis] - 1) * strides[axis]
      strides[axis] *= -1
    }
    return gather(x, y, strides, y.shape, first: first)
  }

  private static func pad(_ op: Pad, _ x: TensorView, _ y: TensorView) -> [any Kernel] {
    var strides = y.shape.strides
    var first = 0
    for (i, axis) in op.axes.enumerated() {
      let axis = x.shape.normalised(axis)!
      first += op.low[i] * strides[axis]
      strides[axis] *= (op.interior.isEmpty ? 0 : op.interior[i]) + 1
    }
    return [fill(op.value, y), scatter(x, y, strides, first)]
  }

  private static func concatenate(
    _ op: Concatenate, _ operands: [TensorView], _ y: TensorView
  ) -> [any Kernel] {
    let axis = y.shape.normalised(op.axis)!
    let strides = y.shape.strides
    var start = 0
    return operands.map { x in
      defer { start += x.shape[axis] }
      return scatter(x, y, strides, start * strides[axis])
    }
  }

  private static func scatter(
    _ x: TensorView, _ y: TensorView, _ strides: [Int], _ first: Int
  ) -> any Kernel {
    copy(
      StridedCopy(
        extents: x.shape.extents, sourceStrides: x.shape.strides, targetStrides: strides,
        targetOffset: first, elementByteCount: x.type.element.byteCount), x, y)
  }
}
