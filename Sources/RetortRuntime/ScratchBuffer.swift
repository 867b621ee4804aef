import RetortIR

/// Memory that lives as long as somebody holds it.
final class ScratchBuffer {
  let base: UnsafeMutableRawPointer

  init(byteCount: Int) {
    base = .allocate(byteCount: max(1, byteCount), alignment: MemoryPlan.alignment)
  }

  deinit { base.deallocate() }
}
