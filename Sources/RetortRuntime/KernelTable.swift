import RetortIR
import RetortKernels
import RetortOps
import RetortTensor

/// Which kernels run an operation.
struct KernelTable {
  let backend: Backend

  init(backend: Backend) {
    self.backend = backend
    // Tiles are the parallelism; OpenBLAS's own threads would change the order of sums.
    BLAS.setThreads(1)
  }

  /// The kernels that compute an operation, to be run one after another.
  func kernels(
    for op: any TensorOp, _ operands: [TensorView], _ results: [TensorView],
    annotations: [Annotation]
  ) -> [any Kernel] {
    let idle = BoundKernel(tiles: 0) { _, _ in }
    // Kernels make tables of an axis, which is long where another one is empty.
    if results.allSatisfy({ $0.elementCount == 0 }) { return [idle] }
    let method = method(annotations)
    if let method {
      if op is Reshape || op is Detach, operands[0].base == results[0].base { return [idle] }
      // Elementwise operations first: they are the ones that plans put in place.
      if !(op is Fill || op is Reshape || op is Broadcast || op is Detach),
        let plan = FusedPlan(op, operands.map(\.type), results.map(\.type))
      {
        return kernels(for: plan, operands, results)
      }
      if type(of: op).broadcastsOperands {
        return inPlace(operands, results) { [TiledReference(op, operands, $0)] }
      }
      if let kernels = Self.fast(op, operands, results, method) {
        return Self.areApart(operands, results)
          ? kernels : Detour(results).kernels { Self.fast(op, operands, $0, method)! }
      }
    }
    return apart(operands, results) { [ReferenceKernel(op: op, operands: operands, results: $0)] }
  }

  /// The kernels of a fused region.
  func kernels(
    for plan: FusedPlan, _ captures: [TensorView], _ results: [TensorView]
  ) -> [any Kernel] {
    guard let head = plan.head else {
      return inPlace(captures, results) { results in
        let kernel = FusedKernel(plan, operands: captures, results: results)
        return [kernel] + kernel.finish(plan.totalResults.map { results[$0] })
      }
    }
    let operands = head.operands.map { captures[$0] }
    let make: ([TensorView]) -> [any Kernel] = { results in
      let kernel = HeadedKernel(
        PackedKernels.kernel(head.op, operands.map(\.type)), x: operands[0],
        weights: operands[1], channels: head.resultType.shape[3], plan, operands: captures,
        results: results)
      return [kernel] + kernel.finish(plan.totalResults.map { results[$0] })
    }
    return Self.areApart(operands, results)
      ? inPlace(captures, results, make) : Detour(results).kernels(make)
  }

  /// How products are computed; nil where the reference is wanted. Of the algorithms that
  /// `choose-algorithms` writes down only `blas` is OpenBLAS's; patches are packed slice by slice
  /// into Retort's own product, and depthwise convolutions run on planes.
  private func method(_ annotations: [Annotation]) -> ConvolutionMethod? {
    switch backend {
    case .reference: return nil
    case .simd: return .simd
    case .blas: return .blas
    case .auto:
      guard case .text(let name) = annotations.first(where: { $0.name == "algorithm" })?.value
      else { return .simd }
      return name == "reference" ? nil : ConvolutionMethod(rawValue: name) ?? .simd
    }
  }

  /// The fast kernels of what is not elementwise.
  private static func fast(
    _ op: any TensorOp, _ operands: [TensorView], _ results: [TensorView],
    _ method: ConvolutionMethod
  ) -> [any Kernel]? {
    guard let y = results.first else { return nil }
    if let kernels = LayoutKernels.kernels(op, operands, y) { return kernels }
    if let kernel = RandomKernels.kernel(op, operands, y) { return [kernel] }
    if let kernel = IndexKernels.kernel(op, operands, results) { return [kernel] }
    guard operands.allSatisfy({ $0.type.element == .f32 }), let x = operands.first else {
      return nil
    }
    func axis(_ axis: Int) -> Int { x.shape.normalised(axis)! }
    switch op {
    case let op as MatMul:
      return [ContractionKernels.product(op, x, operands[1], y, method)]
    case let op as any PackedConvolution:
      guard op.acceptedExtents(operands.map(\.type)).suitsPacking else { return nil }
      return PackedKernels.bound(op, operands, y)
    case let op as PackKernel: return [PackedKernels.packing(op, x, y)]
    case let op as PackWinograd: return [PackedKernels.packing(op, x, y)]
    case let op as any Convolution:
      return [ContractionKernels.convolution(op, operands, y, method)]
    case let op as any Pooling: return ImageKernels.pooling(op, operands, y).map { [$0] }
    case is CropResize: return [ImageKernels.crop(x, operands[1], y)]
    case is CropResizeAdjoint: return [ImageKernels.cropAdjoint(x, operands[1], y)]
    case let op as Sum:
      return ReductionKernels.reduction(.sum, axes: x.shape.reducedAxes(op.axes), x, y)
    case let op as Mean:
      return ReductionKernels.reduction(.mean, axes: x.shape.reducedAxes(op.axes), x, y)
    case let op as ReduceMax:
      return ReductionKernels.reduction(.maximum, axes: [axis(op.axis)], x, y)
    case let op as ReduceMin:
      return ReductionKernels.reduction(.minimum, axes: [axis(op.axis)], x, y)
    case let op as ArgMax: return [ReductionKernels.argMax(axis: axis(op.axis), x, y)]
    case let op as Softmax:
      return [ReductionKernels.softmax(axis: axis(op.axis), isLogarithmic: false, x, y)]
    case let op as LogSoftmax:
      return [ReductionKernels.softmax(axis: axis(op.axis), isLogarithmic: true, x, y)]
    default: return nil
    }
  }

  /// For kernels that may write a result where an operand of the same element size begins.
  private func inPlace(
    _ operands: [TensorView], _ results: [TensorView], _ make: ([TensorView]) -> [any Kernel]
  ) -> [any Kernel] {
    let fits = results.allSatisfy { result in
      operands.allSatisfy { operand in
        !result.overlaps(operand)
          || result.base == operand.base && result.elementCount == operand.elementCount
            && result.type.byteCount == operand.type.byteCount
      }
    }
    return fits ? make(results) : Detour(results).kernels(make)
  }

  /// For kernels that must not write where they read.
  private func apart(
    _ operands: [TensorView], _ results: [TensorView], _ make: ([TensorView]) -> [any Kernel]
  ) -> [any Kernel] {
    Self.areApart(operands, results) ? make(results) : Detour(results).kernels(make)
  }

  private static func areApart(_ operands: [TensorView], _ results: [TensorView]) -> Bool {
    results.allSatisfy { result in !operands.contains(where: result.overlaps) }
  }
}
