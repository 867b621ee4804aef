import RetortIR
import RetortKernels
import RetortOps
import RetortTensor

/// Operations that go by indices.
enum IndexKernels {
  /// The kernels of an f32 operation that goes by indices; nil for others.
  static func kernel(
    _ op: any TensorOp, _ operands: [TensorView], _ results: [TensorView]
  ) -> (any Kernel)? {
    guard results[0].type.element == .f32 else { return nil }
    switch op {
    case let op as ScatterAdd: return scatterAdd(op, operands[0], operands[1], results[0])
    case is OneHot: return oneHot(operands[0], results[0])
    case let op as TopK where op.k <= 64: return largest(op, operands[0], results)
    default: return nil
    }
  }

  /// Slices of any element type.
  static func gather(
    _ op: Gather, _ x: TensorView, _ indices: TensorView, _ y: TensorView
  ) -> any Kernel {
    let split = AxisSplit(x.shape, axis: x.shape.normalised(op.axis)!)
    let kernel = GatherRows(
      outer: split.outerCount, extent: split.extent, count: indices.elementCount,
      sliceByteCount: split.innerCount * x.type.element.byteCount)
    let (source, target) = (x.base, y.base)
    return bound(kernel.tileCount, indices) { tile, positions in
      kernel.run(tile: tile, x: source, indices: positions, y: target)
    } long: { tile, positions in
      kernel.run(tile: tile, x: source, indices: positions, y: target)
    }
  }

  private static func scatterAdd(
    _ op: ScatterAdd, _ updates: TensorView, _ indices: TensorView, _ x: TensorView
  ) -> any Kernel {
    let split = AxisSplit(x.shape, axis: x.shape.normalised(op.axis)!)
    let kernel = ScatterAddRows(
      outer: split.outerCount, extent: split.extent, count: indices.elementCount,
      inner: split.innerCount)
    let (source, target) = (updates.floats, x.floats)
    return bound(kernel.tileCount, indices) { tile, positions in
      kernel.run(tile: tile, x: source, indices: positions, y: target)
    } long: { tile, positions in
      kernel.run(tile: tile, x: source, indices: positions, y: target)
    }
  }

  private static func oneHot(_ indices: TensorView, _ y: TensorView) -> any Kernel {
    let classes = y.shape[y.shape.rank - 1]
    let kernel = OneHotRows(rows: classes == 0 ? 0 : indices.elementCount, classes: classes)
    let target = y.floats
    return bound(kernel.tileCount, indices) { tile, positions in
      kernel.run(tile: tile, indices: positions, y: target)
    } long: { tile, positions in
      kernel.run(tile: tile, indices: positions, y: target)
    }
  }

  private static func largest(
    _ op: TopK, _ x: TensorView, _ results: [TensorView]
  ) -> any Kernel {
    let extent = x.shape[x.shape.rank - 1]
    let kernel = LargestOfRows(
      rows: results[0].elementCount / op.k, extent: extent, count: op.k)
    let (source, values) = (x.floats, results[0].floats)
    let indices = results[1].base.assumingMemoryBound(to: Int32.self)
    return BoundKernel(tiles: kernel.tileCount) { tile, _ in
      kernel.run(tile: tile, x: source, values: values, indices: indices)
    }
  }

  /// A kernel for indices of either width.
  private static func bound(
    _ tiles: Int, _ indices: TensorView, short: @escaping (Int, UnsafePointer<Int32>) -> Void,
    long: @escaping (Int, UnsafePointer<Int64>) -> Void
  ) -> any Kernel {
    if indices.type.element == .i64 {
      let base = indices.base.assumingMemoryBound(to: Int64.self)
      return BoundKernel(tiles: tiles) { tile, _ in long(tile, base) }
    }
    let base = indices.base.assumingMemoryBound(to: Int32.self)
    return BoundKernel(tiles: tiles) { tile, _ in short(tile, base) }
  }
}
