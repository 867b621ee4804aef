import RetortTensor

/// Memory of its own for results that a plan puts where the kernel still reads.
struct Detour {
  private let results: [TensorView]
  private let buffers: [ScratchBuffer]

  init(_ results: [TensorView]) {
    self.results = results
    buffers = results.map { ScratchBuffer(byteCount: $0.type.byteCount) }
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
