/// Where every value of a program lies in one arena, and when it is needed.
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

  package let entries: [Entry]
  package let arenaByteCount: Int
  /// The largest sum of bytes that are needed at one step: no plan can do with less.
  package let lowerBound: Int

  package init(entries: [Entry], arenaByteCount: Int, lowerBound: Int) {
    self.entries = entries
    self.arenaByteCount = arenaByteCount
    self.lowerBound = lowerBound
  }
}
