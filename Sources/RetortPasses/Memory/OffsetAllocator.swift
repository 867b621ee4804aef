/// Hands out stretches of one arena in the order in which they are needed: the smallest free
/// stretch that is large enough, else the arena grows.
///
/// - Complexity: O(log n) comparisons a request, for n free stretches.
struct OffsetAllocator {
  private struct Hole: Comparable {
    let extent: Int
    let offset: Int

    static func < (a: Hole, b: Hole) -> Bool { (a.extent, a.offset) < (b.extent, b.offset) }
  }

  /// Ascending by extent.
  private var holes: [Hole] = []
  /// The extents of holes by where they begin, and where they end.
  private var beginning: [Int: Int] = [:]
  private var ending: [Int: Int] = [:]
  private(set) var byteCount = 0

  mutating func allocate(_ extent: Int) -> Int {
    guard extent > 0 else { return 0 }
    let index = position(of: Hole(extent: extent, offset: 0))
    if index < holes.count {
      let hole = holes[index]
      remove(hole, at: index)
      if hole.extent > extent {
        insert(Hole(extent: hole.extent - extent, offset: hole.offset + extent))
      }
      return hole.offset
    }
    // A hole at the end grows with the arena.
    if let last = ending[byteCount] {
      let hole = Hole(extent: last, offset: byteCount - last)
      remove(hole, at: position(of: hole))
      byteCount = hole.offset + extent
      return hole.offset
    }
    byteCount += extent
    return byteCount - extent
  }

  mutating func free(_ offset: Int, _ extent: Int) {
    guard extent > 0 else { return }
    var begin = offset
    var end = offset + extent
    if let before = ending[begin] {
      let hole = Hole(extent: before, offset: begin - before)
      remove(hole, at: position(of: hole))
      begin = hole.offset
    }
    if let behind = beginning[end] {
      let hole = Hole(extent: behind, offset: end)
      remove(hole, at: position(of: hole))
      end += behind
    }
    insert(Hole(extent: end - begin, offset: begin))
  }

  /// The first hole that is not below the given one.
  private func position(of hole: Hole) -> Int {
    var low = 0
    var high = holes.count
    while low < high {
      let middle = (low + high) / 2
      if holes[middle] < hole { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func insert(_ hole: Hole) {
    holes.insert(hole, at: position(of: hole))
    beginning[hole.offset] = hole.extent
    ending[hole.offset + hole.extent] = hole.extent
  }

  private mutating func remove(_ hole: Hole, at index: Int) {
    holes.remove(at: index)
    beginning[hole.offset] = nil
    ending[hole.offset + hole.extent] = nil
  }
}
