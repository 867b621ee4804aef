import RetortIR
import RetortOps
import RetortTensor

/// Which kernels run an operation.
struct KernelTable {
  let backend: Backend

  /// The kernels that compute an operation, to be run one after another.
  func kernels(
    for op: any TensorOp, _ operands: [TensorView], _ results: [TensorView],
    annotations: [Annotation]
  ) -> [any Kernel] {
    if backend != .reference {
      if let plan = FusedPlan(op, operands.map(\.type), results.map(\.type)) {
        return kernels(for: plan, operands, results)
      }
      if type(of: op).broadcastsOperands {
        return inPlace(operands, results) { [TiledReference(op, operands, $0)] }
      }
    }
    return apart(operands, results) { [ReferenceKernel(op: op, operands: operands, results: $0)] }
  }

  /// The kernels of a fused region.
  func kernels(
    for plan: FusedPlan, _ captures: [TensorView], _ results: [TensorView]
  ) -> [any Kernel] {
    inPlace(captures, results) { [FusedKernel(plan, operands: captures, results: $0)] }
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
    let fits = results.allSatisfy { result in !operands.contains(where: result.overlaps) }
    return fits ? make(results) : Detour(results).kernels(make)
  }
}

/// Memory of its own for results that a plan puts where the kernel still reads.
struct Detour {
  private let results: [TensorView]
  private let buffers: [Buffer]

  init(_ results: [TensorView]) {
    self.results = results
    buffers = results.map { Buffer(byteCount: $0.type.byteCount) }
  }

  func kernels(_ make: ([TensorView]) -> [any Kernel]) -> [any Kernel] {
    let apart = zip(results, buffers).map { TensorView($0.type, $1.base) }
    let moves = MoveList(
      zip(apart, results).map { source, target in
        MoveList.Move(
          source: source.base, destination: target.base, byteCount: target.type.byteCount)
      })
    return make(apart) + [MoveKernel(list: moves, owners: buffers)]
  }
}

/// Memory that lives as long as somebody holds it.
final class Buffer {
  let base: UnsafeMutableRawPointer

  init(byteCount: Int) {
    base = .allocate(byteCount: max(1, byteCount), alignment: Arena.alignment)
  }

  deinit { base.deallocate() }
}
