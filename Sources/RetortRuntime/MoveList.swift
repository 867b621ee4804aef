import Glibc

/// Copies between fixed addresses that all read before any writes, put in an order that can run one
/// by one.
///
/// A copy whose destination another one still reads waits for it; a circle of such copies (two
/// carried values that change places) is broken by saving one source aside first.
struct MoveList {
  struct Move {
    let source: UnsafeMutableRawPointer
    let destination: UnsafeMutableRawPointer
    let byteCount: Int

    var isIdle: Bool { source == destination || byteCount == 0 }

    /// Whether writing this destination would spoil what `other` reads.
    func spoils(_ other: Move) -> Bool {
      destination < other.source + other.byteCount && other.source < destination + byteCount
    }
  }

  private(set) var moves: [Move] = []
  /// Where sources are saved aside; kept alive by the list.
  private var asides: [ScratchBuffer] = []

  init(_ wanted: [Move]) {
    // A move in place writes nothing, but nobody else may write there before it "read".
    var pending = wanted.filter { !$0.isIdle }
    while !pending.isEmpty {
      if let index = pending.indices.first(where: { candidate in
        !pending.indices.contains {
          $0 != candidate && pending[candidate].spoils(pending[$0])
        }
      }) {
        moves.append(pending.remove(at: index))
      } else {
        let first = pending.removeFirst()
        let aside = ScratchBuffer(byteCount: first.byteCount)
        asides.append(aside)
        moves.append(
          Move(source: first.source, destination: aside.base, byteCount: first.byteCount))
        pending.append(
          Move(source: aside.base, destination: first.destination, byteCount: first.byteCount))
      }
    }
  }

  func run() {
    for move in moves { memmove(move.destination, move.source, move.byteCount) }
  }
}
