import Glibc

/// Finds out whether a thread has allocated in between, even if all was freed again.
///
/// Of every small size one block is filled with a pattern and freed. It lies on top of the thread's
/// own list of free blocks, so the next allocation of that size takes it and writes over the
/// pattern.
struct AllocationTrap {
  private static let sizes = Array(stride(from: 24, through: 1032, by: 16))
  private static let pattern: UInt8 = 0xA5
  private let blocks: UnsafeMutablePointer<UnsafeMutableRawPointer>

  /// Sets the trap for the calling thread.
  init() {
    blocks = .allocate(capacity: Self.sizes.count)
    for (index, size) in Self.sizes.enumerated() {
      // The first, which is given up, may refill the list; the second leaves room for its return.
      _ = malloc(size)
      let block = malloc(size)!
      memset(block, Int32(Self.pattern), size)
      (blocks + index).initialize(to: block)
    }
    for index in Self.sizes.indices { free(blocks[index]) }
  }

  /// How many sizes the thread has allocated. The blocks are free memory: they are only read, and
  /// not their first two words, which belong to the list.
  func sprungCount() -> Int {
    var count = 0
    for index in Self.sizes.indices {
      let block = blocks[index]
      for offset in 16..<Self.sizes[index]
      where block.load(fromByteOffset: offset, as: UInt8.self) != Self.pattern {
        count += 1
        break
      }
    }
    return count
  }
}
