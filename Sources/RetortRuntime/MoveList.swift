import Glibc

/// Copies between fixed addresses that all read before any writes, put in an order that can run one
/// by one.
///
/// A copy whose destination another one still reads waits for it; a circle of such copies (two
/// carried values that change places) is broken by saving one source aside first. Destinations do
/// not overlap.
///
/// - Complexity: O((n + w) log n) for n copies of which w pairs wait for each other.
struct MoveList {
  struct Move {
    let source: UnsafeMutableRawPointer
    let destination: UnsafeMutableRawPointer
    let byteCount: Int

    var isIdle: Bool { source == destination || byteCount == 0 }
  }

  private(set) var moves: [Move] = []
  /// Where sources are saved aside; kept alive by the list.
  private var asides: [ScratchBuffer] = []

  init(_ wanted: [Move]) {
    // A move in place is dropped: nobody else's destination is where it reads.
    var pending = wanted.filter { !$0.isIdle }
    guard pending.count > 1 else {
      moves = pending
      return
    }
    let waiting = Self.waiting(pending)
    var readerCounts = [Int](repeating: 0, count: pending.count)
    for move in waiting.joined() { readerCounts[move] += 1 }
    var ready = pending.indices.filter { readerCounts[$0] == 0 }
    /// What has read its source, from its place or into memory aside.
    var hasRead = [Bool](repeating: false, count: pending.count)
    func read(_ index: Int) {
      guard !hasRead[index] else { return }
      hasRead[index] = true
      for move in waiting[index] {
        readerCounts[move] -= 1
        if readerCounts[move] == 0 { ready.append(move) }
      }
    }
    moves.reserveCapacity(pending.count)
    var (done, first) = (0, 0)
    while done < pending.count {
      if done < ready.count {
        let index = ready[done]
        done += 1
        moves.append(pending[index])
        read(index)
      } else {
        while hasRead[first] { first += 1 }
        let move = pending[first]
        let aside = ScratchBuffer(byteCount: move.byteCount)
        asides.append(aside)
        moves.append(
          Move(source: move.source, destination: aside.base, byteCount: move.byteCount))
        pending[first] = Move(
          source: aside.base, destination: move.destination, byteCount: move.byteCount)
        read(first)
      }
    }
  }

  /// For each move the others whose destinations its source overlaps: they wait until it has read.
  private static func waiting(_ moves: [Move]) -> [[Int]] {
    let byDestination = moves.indices.sorted { moves[$0].destination < moves[$1].destination }
    return moves.indices.map { index in
      let (start, end) = (moves[index].source, moves[index].source + moves[index].byteCount)
      // As destinations do not overlap, their ends are in order too.
      var (low, high) = (0, byDestination.count)
      while low < high {
        let middle = (low + high) / 2
        let move = moves[byDestination[middle]]
        if move.destination + move.byteCount <= start { low = middle + 1 } else { high = middle }
      }
      return byDestination[low...].prefix { moves[$0].destination < end }.filter { $0 != index }
    }
  }

  func run() {
    for move in moves { memmove(move.destination, move.source, move.byteCount) }
  }
}
