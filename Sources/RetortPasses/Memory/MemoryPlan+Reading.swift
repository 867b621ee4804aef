import RetortIR
import RetortTensor
import RetortText

extension MemoryPlan {
  /// The plan that a planned graph's annotations tell, whoever made them.
  ///
  /// Values that take turns in one place, as the planner would have them, are one entry.
  /// - Throws: where a value that needs memory has no place, or one outside any memory.
  package init(of graph: Graph) throws(Diagnostics) {
    var places = [Int?](repeating: nil, count: graph.values.count)
    try Self.collect(graph.body, graph, &places)
    let lifetimes = Lifetimes(graph)
    let storage = Storage(graph, lifetimes)
    var entries: [Entry] = []
    var indices: [Place: Int] = [:]
    var entryCounts = [Int](repeating: 0, count: storage.units.count)
    var preparationByteCount = 0
    for value in storage.placedValues {
      guard let offset = places[value.id] else {
        throw Diagnostics("'\(graph.name(of: value))' has no place in the plan of '\(graph.name)'")
      }
      let unit = storage.unitOf[value.id]
      if storage.isOfPreparation(storage.units[unit]) {
        preparationByteCount = max(preparationByteCount, offset + storage.units[unit].extent)
        continue
      }
      let first = lifetimes.first[value.id]
      let lifetime = first...max(first, lifetimes.last[value.id])
      if let index = indices[Place(unit: unit, offset: offset)] {
        entries[index] = entries[index].alive(lifetime)
      } else {
        indices[Place(unit: unit, offset: offset)] = entries.count
        entryCounts[unit] += 1
        entries.append(
          Entry(
            value: value, offset: offset, byteCount: storage.units[unit].byteCount,
            lifetime: lifetime))
      }
    }
    for (place, index) in indices where entryCounts[place.unit] == 1 {
      // A loop's slot is kept to the loop's end, whoever reads it.
      let unit = storage.units[place.unit]
      entries[index] = entries[index].alive(unit.first...max(unit.first, unit.last))
    }
    entries.sort { ($0.lifetime.lowerBound, $0.offset) < ($1.lifetime.lowerBound, $1.offset) }
    self.init(
      entries: entries,
      arenaByteCount: entries.reduce(0) { max($0, Self.aligned($1.offset + $1.byteCount)) },
      lowerBound: MemoryPlanner.lowerBound(storage.runUnits, lifetimes.stepCount),
      preparationByteCount: preparationByteCount)
  }

  private struct Place: Hashable {
    let unit: Int
    let offset: Int
  }

  /// The offsets that a block's nodes tell, by the values' numbers.
  private static func collect(
    _ block: Block, _ graph: Graph, _ places: inout [Int?]
  ) throws(Diagnostics) {
    for node in block.nodes {
      try note(node.results, node.annotation("offsets"), graph, &places)
      if node.op is Fused { continue }
      for region in node.regions {
        try note(region.arguments, node.annotation("slots"), graph, &places)
        try collect(region, graph, &places)
      }
    }
  }

  private static func note(
    _ values: [Value], _ annotation: AttributeValue?, _ graph: Graph, _ places: inout [Int?]
  ) throws(Diagnostics) {
    guard let annotation, let offsets = [Int](annotation), offsets.count == values.count else {
      return
    }
    for (value, offset) in zip(values, offsets) {
      guard MemoryPlan.allows(offset) else {
        throw Diagnostics("'\(graph.name(of: value))' is planned at offset \(offset)")
      }
      places[value.id] = offset
    }
  }
}

extension MemoryPlan.Entry {
  /// The entry with a lifetime that holds another one too.
  fileprivate func alive(_ other: ClosedRange<Int>) -> MemoryPlan.Entry {
    let first = min(lifetime.lowerBound, other.lowerBound)
    let last = max(lifetime.upperBound, other.upperBound)
    return MemoryPlan.Entry(
      value: value, offset: offset, byteCount: byteCount, lifetime: first...last)
  }
}
