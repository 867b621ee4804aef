import RetortIR

/// Ways that lead from value to value, into regions and out of them, along which what is known of
/// one holds of the next: that it is needed, that it depends on a target.
///
/// Loops make circles of them. So all that a value leads to is found by following the ways, each
/// once, and not by going through the nodes until nothing is added.
struct ValueWays {
  private struct Way {
    let end: Int32
    /// The way that was added before, from the same value; -1 for none.
    let earlier: Int32
  }

  private let isReversed: Bool
  private var ways: [Way] = []
  /// By a value's number: the way that was added last.
  private var last: [Int32]

  init(valueCount: Int, isReversed: Bool = false) {
    self.isReversed = isReversed
    last = [Int32](repeating: -1, count: valueCount)
  }

  mutating func add(from start: Value, to end: Value) {
    let (start, end) = isReversed ? (end, start) : (start, end)
    ways.append(Way(end: Int32(end.id), earlier: last[start.id]))
    last[start.id] = Int32(ways.count - 1)
  }

  mutating func add(from starts: [Value], to ends: [Value]) {
    for start in starts {
      for end in ends { add(from: start, to: end) }
    }
  }

  /// By a value's number: whether some values lead to it, or it is one of them.
  func reach(from starts: some Sequence<Value>) -> [Bool] {
    var isReached = [Bool](repeating: false, count: last.count)
    _ = follow(starts, &isReached) { _ in false }
    return isReached
  }

  /// The first value that others lead to and that is as wanted. The ways from a value are taken in
  /// the order in which they were added, each as far as it leads before the next.
  func first(from starts: some Sequence<Value>, where isWanted: (Value) -> Bool) -> Value? {
    var isReached = [Bool](repeating: false, count: last.count)
    return follow(starts, &isReached, until: isWanted)
  }

  private func follow(
    _ starts: some Sequence<Value>, _ isReached: inout [Bool], until isWanted: (Value) -> Bool
  ) -> Value? {
    var pending = starts.reversed().map(\.id)
    while let next = pending.popLast() {
      if isReached[next] { continue }
      isReached[next] = true
      if isWanted(Value(id: next)) { return Value(id: next) }
      var number = Int(last[next])
      while number >= 0 {
        let way = ways[number]
        if !isReached[Int(way.end)] { pending.append(Int(way.end)) }
        number = Int(way.earlier)
      }
    }
    return nil
  }
}
