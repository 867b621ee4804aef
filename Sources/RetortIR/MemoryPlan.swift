/// Where every value that a run computes lies in one arena, and when it is needed.
///
/// What `prepare` regions compute and do not keep lies in memory of its own, which can be given back
/// before the first run.
package struct MemoryPlan: Sendable {
  package struct Entry: Sendable {
    package let value: Value
    /// In bytes from the arena's start; a multiple of 64.
    package let offset: Int
    package let byteCount: Int
    /// The first and last step (in the linear order of steps) at which the bytes are needed.
    package let lifetime: ClosedRange<Int>

    package init(value: Value, offset: Int, byteCount: Int, lifetime: ClosedRange<Int>) {
      self.value = value
      self.offset = offset
      self.byteCount = byteCount
      self.lifetime = lifetime
    }
  }

  /// What every value's place is a multiple of: a cache line, and the widest vector.
  package static let alignment = 64

  /// Bytes with what is left free behind them.
  package static func aligned(_ byteCount: Int) -> Int {
    (byteCount + alignment - 1) & ~(alignment - 1)
  }

  /// Whether a value may lie at an offset: plans are read from files too.
  package static func allows(_ offset: Int) -> Bool {
    offset >= 0 && offset % alignment == 0 && offset < 1 << 46
  }

  package let entries: [Entry]
  package let arenaByteCount: Int
  /// The largest sum of bytes that are needed at one step: no plan can do with less.
  package let lowerBound: Int
  /// The arena by the lower bound; 1 where nothing is needed.
  package var ratio: Double {
    lowerBound == 0 ? 1 : Double(arenaByteCount) / Double(lowerBound)
  }
  /// What preparation computes in.
  package let preparationByteCount: Int

  package init(
    entries: [Entry], arenaByteCount: Int, lowerBound: Int, preparationByteCount: Int = 0
  ) {
    self.entries = entries
    self.arenaByteCount = arenaByteCount
    self.lowerBound = lowerBound
    self.preparationByteCount = preparationByteCount
  }
}
