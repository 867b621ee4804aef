import RetortIR
import RetortOps
import RetortTensor
import RetortText

extension MemoryPlan {
  /// Checks a planned graph: no two values that are needed at one step share a byte, unless one
  /// takes the other's place where that is harmless. Lifetimes are worked out anew from the graph,
  /// not taken from the planner.
  package static func checkDisjoint(_ graph: Graph) throws(InternalError) {
    var collection = OccupancyCollection(graph)
    try collection.run()
    var sweep = OccupancySweep(graph, collection.handovers)
    try sweep.run(collection.occupancies)
  }
}

/// Bytes that a value needs from one step to another.
private struct Occupancy {
  let value: Value
  let offset: Int
  let byteCount: Int
  let first: Int
  var last: Int

  var end: Int { offset + byteCount }
}

private struct Handover: Hashable {
  let from: Value
  let to: Value
}

/// Works out who needs what when. A read inside a loop of something from outside counts at the end
/// of the outermost such loop, found by climbing from block to block.
private struct OccupancyCollection {
  private struct Scope {
    let parent: Int
    var end = 0
  }

  private let graph: Graph
  private(set) var occupancies: [Occupancy] = []
  /// Pairs of which the second may take the place of the first at the step where they meet.
  private(set) var handovers: Set<Handover> = []
  private var scopes: [Scope] = [Scope(parent: -1)]
  private var homes: [Int]
  private var numbers: [Int]
  private var reads: [(value: Value, scope: Int, step: Int)] = []
  private var step = 0
  private let prepared: Set<Value>

  init(_ graph: Graph) {
    self.graph = graph
    prepared = Set(graph.valuesPreparedInPlace)
    homes = [Int](repeating: -1, count: graph.values.count)
    numbers = homes
  }

  mutating func run() throws(InternalError) {
    for node in graph.body.nodes where node.op is Prepare {
      try walk(node.regions[0], 0)
      step += 1
      for result in node.regions[0].results { reads.append((result, 0, step)) }
    }
    let main = graph.body.nodes.filter { !($0.op is Prepare) }
    try walk(Block(nodes: main), 0)
    step += 1
    for result in graph.body.results { reads.append((result, 0, step)) }
    for read in reads where numbers[read.value.id] >= 0 {
      var scope = read.scope
      var time = read.step
      while scope != homes[read.value.id] {
        time = scopes[scope].end
        scope = scopes[scope].parent
      }
      let number = numbers[read.value.id]
      occupancies[number].last = max(occupancies[number].last, time)
    }
  }

  private mutating func occupy(_ value: Value, _ offset: Int, _ scope: Int) throws(InternalError) {
    let byteCount = prepared.contains(value) ? 0 : graph.type(of: value).byteCount
    guard MemoryPlan.allows(offset) else {
      throw InternalError("\(graph.name): '\(graph.name(of: value))' is planned at \(offset)")
    }
    homes[value.id] = scope
    numbers[value.id] = occupancies.count
    occupancies.append(
      Occupancy(value: value, offset: offset, byteCount: byteCount, first: step, last: step))
  }

  private func offsets(_ node: Node, _ name: String, _ count: Int) throws(InternalError) -> [Int] {
    guard let value = node.annotation(name), let offsets = [Int](value), offsets.count == count
    else { throw InternalError("\(graph.name): \(node.opName) lacks its \(count) '\(name)'") }
    return offsets
  }

  private mutating func walk(_ block: Block, _ scope: Int) throws(InternalError) {
    for node in block.nodes {
      step += 1
      for value in node.operands { reads.append((value, scope, step)) }
      let offsets = try offsets(node, "offsets", node.results.count)
      if node.op is Repeat {
        try walk(loop: node, offsets, scope)
        continue
      }
      for value in node.captures { reads.append((value, scope, step)) }
      for (result, offset) in zip(node.results, offsets) {
        try occupy(result, offset, scope)
        for operand in Storage.overwritable(node) {
          handovers.insert(Handover(from: operand, to: result))
        }
      }
    }
  }

  private mutating func walk(
    loop node: Node, _ offsets: [Int], _ scope: Int
  ) throws(InternalError) {
    let body = node.regions[0]
    let carriedCount = node.operands.count
    scopes.append(Scope(parent: scope))
    let inner = scopes.count - 1
    let slots = try self.offsets(node, "slots", body.arguments.count)
    for (argument, offset) in zip(body.arguments, slots) { try occupy(argument, offset, inner) }
    for (start, argument) in zip(node.operands, body.arguments.dropFirst()) {
      handovers.insert(Handover(from: start, to: argument))
    }
    for index in carriedCount..<node.results.count {
      try occupy(node.results[index], offsets[index], scope)
    }
    try walk(body, inner)
    step += 1
    scopes[inner].end = step
    for value in body.results { reads.append((value, inner, step)) }
    reads.append((body.arguments[0], inner, step))
    for value in node.results.dropFirst(carriedCount) { reads.append((value, scope, step)) }
    for (index, value) in node.results.prefix(carriedCount).enumerated() {
      guard offsets[index] == slots[index + 1] else {
        throw InternalError("\(graph.name): '\(graph.name(of: value))' is not in its slot")
      }
      try occupy(value, offsets[index], scope)
      handovers.insert(Handover(from: body.results[index], to: value))
      // All that a turn yields is read before any slot is written, so that values may change
      // places.
      handovers.insert(Handover(from: body.arguments[index + 1], to: value))
    }
  }
}

/// Goes through time with the occupied stretches ordered by offset.
private struct OccupancySweep {
  private let graph: Graph
  private let handovers: Set<Handover>
  /// Numbers of occupancies, ascending by offset.
  private var active: [Int] = []
  private var occupancies: [Occupancy] = []

  init(_ graph: Graph, _ handovers: Set<Handover>) {
    self.graph = graph
    self.handovers = handovers
  }

  mutating func run(_ all: [Occupancy]) throws(InternalError) {
    occupancies = all.filter { $0.byteCount > 0 }
    let starts = occupancies.indices.sorted {
      (occupancies[$0].first, $0) < (occupancies[$1].first, $1)
    }
    let ends = occupancies.indices.sorted {
      (occupancies[$0].last, $0) < (occupancies[$1].last, $1)
    }
    var ended = 0
    for number in starts {
      while occupancies[ends[ended]].last < occupancies[number].first {
        remove(ends[ended])
        ended += 1
      }
      try insert(number)
    }
  }

  /// The first active stretch that does not begin before the given one.
  private func position(_ number: Int) -> Int {
    var low = 0
    var high = active.count
    let key = (occupancies[number].offset, number)
    while low < high {
      let middle = (low + high) / 2
      if (occupancies[active[middle]].offset, active[middle]) < key {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  private mutating func remove(_ number: Int) { active.remove(at: position(number)) }

  private mutating func insert(_ number: Int) throws(InternalError) {
    let place = position(number)
    let new = occupancies[number]
    var index = place - 1
    while index >= 0, occupancies[active[index]].end > new.offset {
      try compare(active[index], new)
      index -= 1
    }
    index = place
    while index < active.count, occupancies[active[index]].offset < new.end {
      try compare(active[index], new)
      index += 1
    }
    active.insert(number, at: place)
  }

  private func compare(_ number: Int, _ new: Occupancy) throws(InternalError) {
    let old = occupancies[number]
    let takesPlace =
      old.last == new.first && old.offset == new.offset && old.byteCount == new.byteCount
      && handovers.contains(Handover(from: old.value, to: new.value))
    if takesPlace { return }
    throw InternalError(
      "\(graph.name): '\(graph.name(of: old.value))' (steps \(old.first)...\(old.last)) and "
        + "'\(graph.name(of: new.value))' (steps \(new.first)...\(new.last)) share memory at "
        + "\(max(old.offset, new.offset))")
  }
}
