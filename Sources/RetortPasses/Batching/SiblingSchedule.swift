import RetortIR

/// An order for a block in which siblings stand as one: nodes and stacks by turns.
///
/// Each stands where its last member stood, or as soon after that as what it reads is there. So the
/// block keeps its order as far as possible, and values live no longer than before.
struct SiblingSchedule {
  enum Item: Hashable {
    case node(Int)
    case stack(Int)
  }

  private struct Ticket: Comparable {
    let place: Int
    let unit: Int

    static func < (a: Ticket, b: Ticket) -> Bool { (a.place, a.unit) < (b.place, b.unit) }
  }

  private(set) var items: [Item] = []

  /// - Complexity: O(n log n)
  init(_ search: SiblingSearch) {
    // Units are the nodes, of which members of stacks are never reached, and behind them the stacks.
    let block = search.block
    let nodeCount = block.nodes.count
    let unitCount = nodeCount + search.stacks.count
    var unitOf = Array(0..<nodeCount)
    var places = Array(0..<unitCount)
    for (number, stack) in search.stacks.enumerated() {
      for member in stack.members { unitOf[member] = nodeCount + number }
      places[nodeCount + number] = stack.members.max() ?? 0
    }
    var users = [[Int]](repeating: [], count: unitCount)
    var missing = [Int](repeating: 0, count: unitCount)
    func order(_ source: Int, before user: Int) {
      users[source].append(user)
      missing[user] += 1
    }
    for (index, sources) in block.sources.enumerated() {
      for source in sources where source >= 0 { order(unitOf[source], before: unitOf[index]) }
    }
    for (number, stack) in search.stacks.enumerated() {
      for operand in stack.operands {
        switch operand {
        case .run(let run): order(nodeCount + run.stack, before: nodeCount + number)
        case .value(let value):
          if let source = block.definer(of: value) {
            order(unitOf[source], before: nodeCount + number)
          }
        case .replica: break  // made of what the members read
        }
      }
    }
    var ready = MinHeap<Ticket>()
    for unit in 0..<unitCount where missing[unit] == 0 {
      if unit >= nodeCount || unitOf[unit] == unit {
        ready.insert(Ticket(place: places[unit], unit: unit))
      }
    }
    while let next = ready.popMinimum() {
      items.append(next.unit < nodeCount ? .node(next.unit) : .stack(next.unit - nodeCount))
      for user in users[next.unit] {
        missing[user] -= 1
        if missing[user] == 0 { ready.insert(Ticket(place: places[user], unit: user)) }
      }
    }
  }
}
