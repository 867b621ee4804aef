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
    for value in storage.placedValues {
      guard let offset = places[value.id] else {
        throw Diagnostics("'\(graph.name(of: value))' has no place in the plan of '\(graph.name)'")
      }
      let lifetime =
        lifetimes.first[
          value.id]...max(
          lifetimes.first[value.id], lifetimes.last[value.id])
      let place = Place(unit: storage.unitOf[value.id], offset: offset)
      guard let index = indices[place] else {
        indices[place] = entries.count
        entries.append(
          Entry(
            value: value, offset: offset, byteCount: graph.type(of: value).byteCount,
            lifetime: lifetime))
        continue
      }
      let old = entries[index]
      entries[index] = Entry(
        value: old.value, offset: offset, byteCount: old.byteCount,
        lifetime: min(
          old.lifetime.lowerBound, lifetime.lowerBound)...max(
            old.lifetime.upperBound, lifetime.upperBound))
    }
    entries.sort { ($0.lifetime.lowerBound, $0.offset) < ($1.lifetime.lowerBound, $1.offset) }
    self.init(
      entries: entries,
      arenaByteCount: entries.reduce(0) { max($0, $1.offset + ($1.byteCount + 63) & ~63) },
      lowerBound: MemoryPlanner.lowerBound(storage.units, lifetimes.stepCount))
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
      guard offset >= 0, offset % 64 == 0, offset < 1 << 46 else {
        throw Diagnostics("'\(graph.name(of: value))' is planned at offset \(offset)")
      }
      places[value.id] = offset
    }
  }
}
