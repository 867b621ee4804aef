import RetortIR
import RetortTensor

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
    base = .allocate(byteCount: max(1, byteCount), alignment: MemoryPlan.alignment)
  }

  deinit { base.deallocate() }
}
