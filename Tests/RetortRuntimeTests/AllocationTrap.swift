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
  private let byteCounts: UnsafeMutablePointer<Int>
  /// How many sizes are watched.
  let count: Int

  /// Sets the trap for the calling thread.
  init() {
    blocks = .allocate(capacity: Self.sizes.count)
    byteCounts = .allocate(capacity: Self.sizes.count)
    var count = 0
    for size in Self.sizes {
      guard let block = Self.topBlock(size) else { continue }
      memset(block, Int32(Self.pattern), size)
      (blocks + count).initialize(to: block)
      (byteCounts + count).initialize(to: size)
      count += 1
    }
    // Last of all, because even the loop above allocates.
    for index in 0..<count { free(blocks[index]) }
    self.count = count
  }

  /// A block that, freed, the next allocation of its size gives again. A list that is full takes no
  /// more, so that some are given up; nil if none does after some tries.
  private static func topBlock(_ size: Int) -> UnsafeMutableRawPointer? {
    var block = malloc(size)!
    for _ in 0..<8 {
      free(block)
      let next = malloc(size)!
      // A block may be larger than asked for; it would go to the list of another size.
      let chunk = next.load(fromByteOffset: -8, as: Int.self) & ~7
      if next == block, chunk == size + 8 { return block }
      block = next
    }
    return nil
  }

  /// How many sizes the thread has allocated. The blocks are free memory: they are only read, and
  /// not their first two words, which belong to the list. Allocates nothing itself.
  func sprungCount() -> Int {
    var sprung = 0
    for index in 0..<count {
      for offset in 16..<byteCounts[index]
      where blocks[index].load(fromByteOffset: offset, as: UInt8.self) != Self.pattern {
        sprung += 1
        break
      }
    }
    return sprung
  }
}
