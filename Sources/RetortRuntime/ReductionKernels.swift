import RetortKernels
import RetortOps
import RetortTensor

/// Reductions and normalised exponentials of f32.
enum ReductionKernels {
  /// One kernel for each run of neighbouring axes.
  static func reduction(
    _ kind: ReductionKind, axes: [Int], _ x: TensorView, _ y: TensorView
  ) -> [any Kernel] {
    let plan = ReductionPlan(kind, extents: x.shape.extents, axes: axes)
    var source = x.floats
    return plan.steps.enumerated().map { index, step in
      let isLast = index == plan.steps.count - 1
      let buffer =
        isLast ? nil : ScratchBuffer(byteCount: 4 * step.outer * step.partCount * step.inner)
      let from = source
      let to = buffer.map { $0.base.assumingMemoryBound(to: Float.self) } ?? y.floats
      source = to
      // The buffer lives as long as the kernel that fills it, and so as long as the program.
      return BoundKernel(tiles: step.tileCount) { tile, _ in
        withExtendedLifetime(buffer) { step.run(tile: tile, x: from, y: to) }
      }
    }
  }

  static func argMax(axis: Int, _ x: TensorView, _ y: TensorView) -> any Kernel {
    let split = AxisSplit(x.shape, axis: axis)
    let kernel = ArgMaxKernel(
      outer: split.outerCount, reduced: split.extent, inner: split.innerCount)
    let source = x.floats, result = y.base.assumingMemoryBound(to: Int32.self)
    return BoundKernel(tiles: kernel.tileCount) { tile, _ in
      kernel.run(tile: tile, x: source, y: result)
    }
  }

  static func softmax(
    axis: Int, isLogarithmic: Bool, _ x: TensorView, _ y: TensorView
  ) -> any Kernel {
    let split = AxisSplit(x.shape, axis: axis)
    let kernel = SoftmaxKernel(
      outer: split.outerCount, axisExtent: split.extent, inner: split.innerCount,
      isLogarithmic: isLogarithmic)
    let (source, result) = (x.floats, y.floats)
    return BoundKernel(tiles: kernel.tileCount) { tile, _ in
      kernel.run(tile: tile, x: source, y: result)
    }
  }
}
