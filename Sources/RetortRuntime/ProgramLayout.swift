import RetortIR
import RetortTensor
import RetortText

/// Where every value of a planned graph lies, before the memory exists.
struct ProgramLayout {
  enum Segment: Int, CaseIterable {
    /// What a run computes, at the offsets that the planner chose.
    case arena
    /// What `prepare` regions leave behind.
    case prepared
    /// What `prepare` regions compute and do not keep, at offsets of its own.
    case preparation
    case inputs
    case weights
    /// Values inside regions that have no place in the plan.
    case temporaries
  }

  struct Place {
    var segment: Segment
    var offset: Int
  }

  let graph: Graph
  /// By a value's number.
  private(set) var places: [Place?]
  private(set) var byteCounts = [Int](repeating: 0, count: Segment.allCases.count)
  /// The fused regions that run node by node, by the number of their first result.
  private(set) var splitRegions: Set<Int> = []
  private let fuses: (Node) -> Bool
  private let inPlace: Set<Value>
  /// Where the nodes that are being walked compute.
  private var current = Segment.arena

  /// - Parameter fuses: whether a fused node will run as one kernel.
  /// - Throws: where the graph is not planned, or its plan is not one.
  init(_ graph: Graph, fuses: @escaping (Node) -> Bool) throws(Diagnostics) {
    self.graph = graph
    self.fuses = fuses
    inPlace = Set(graph.valuesPreparedInPlace)
    places = [Place?](repeating: nil, count: graph.values.count)
    for input in graph.inputs {
      take(input.value, in: input.role.isWeight ? .weights : .inputs)
    }
    for node in graph.body.nodes {
      if node.op is Prepare { try prepare(node) } else { try plan(node) }
    }
  }

  func byteCount(of segment: Segment) -> Int { byteCounts[segment.rawValue] }

  func place(of value: Value) -> Place {
    guard let place = places[value.id] else {
      preconditionFailure("\(graph.name(of: value)) has no place")
    }
    return place
  }

  // MARK: nodes

  private mutating func plan(_ node: Node) throws(Diagnostics) {
    switch node.op {
    case is Repeat:
      try loop(node)
    case is Fused:
      try assign(node, offsets(node, "offsets", node.results.count))
      split(node)
    case is any TensorOp:
      try assign(node, offsets(node, "offsets", node.results.count))
    case is Prepare:
      throw Diagnostics("a prepare region stands inside a loop", at: node.origin.range)
    default:
      throw Diagnostics("a program cannot hold a \(node.opName)", at: node.origin.range)
    }
  }

  private mutating func loop(_ node: Node) throws(Diagnostics) {
    let body = node.regions[0]
    let slots = try offsets(node, "slots", body.arguments.count)
    for (argument, offset) in zip(body.arguments, slots) {
      try place(argument, current, offset, node)
    }
    let carriedCount = node.operands.count
    let collectedCount = node.results.count - carriedCount
    // The plan may list the carried results too; without, they stay in their slots.
    var listed = try offsets(node, "offsets", collectedCount, or: node.results.count)
    if listed.count == collectedCount { listed = slots.dropFirst() + listed }
    try assign(node, Array(listed))
    for inner in body.nodes { try plan(inner) }
  }

  private mutating func prepare(_ node: Node) throws(Diagnostics) {
    let region = node.regions[0]
    current = .preparation
    defer { current = .arena }
    for inner in region.nodes {
      if inner.annotation("offsets") == nil, inner.op is any TensorOp {
        for value in inner.results { take(value, in: .temporaries) }
      } else if inner.annotation("offsets") == nil, inner.op is Fused {
        for value in inner.results { take(value, in: .temporaries) }
        split(inner)
      } else {
        try plan(inner)
      }
    }
    let offsets = try offsets(node, "prepared", node.results.count)
    for (value, offset) in zip(node.results, offsets) { try place(value, .prepared, offset, node) }
    for (inner, result) in zip(region.results, node.results) where inPlace.contains(inner) {
      places[inner.id] = places[result.id]
    }
  }

  /// Gives the values inside a fused region places of their own if it does not run as one kernel.
  private mutating func split(_ node: Node) {
    guard !fuses(node) else { return }
    splitRegions.insert(node.results[0].id)
    for inner in node.regions[0].nodes {
      for value in inner.results { take(value, in: .temporaries) }
    }
  }

  // MARK: places

  private mutating func take(_ value: Value, in segment: Segment) {
    let offset = byteCounts[segment.rawValue]
    places[value.id] = Place(segment: segment, offset: offset)
    byteCounts[segment.rawValue] = offset + MemoryPlan.aligned(graph.type(of: value).byteCount)
  }

  private mutating func assign(_ node: Node, _ offsets: [Int]) throws(Diagnostics) {
    for (value, offset) in zip(node.results, offsets) { try place(value, current, offset, node) }
  }

  private mutating func place(
    _ value: Value, _ segment: Segment, _ offset: Int, _ node: Node
  ) throws(Diagnostics) {
    let type = graph.type(of: value)
    guard MemoryPlan.allows(offset) else {
      throw Diagnostics(
        "'\(graph.name(of: value))' is planned at offset \(offset), which is not a multiple of "
          + "\(MemoryPlan.alignment) within memory", at: node.origin.range)
    }
    places[value.id] = Place(segment: segment, offset: offset)
    byteCounts[segment.rawValue] = max(
      byteCounts[segment.rawValue], offset + MemoryPlan.aligned(type.byteCount))
  }

  private func offsets(
    _ node: Node, _ name: String, _ count: Int, or other: Int? = nil
  ) throws(Diagnostics) -> [Int] {
    var found: [Int]?
    if let value = node.annotation(name) { found = [Int](value) }
    if found == nil, count == 0 { found = [] }
    guard let found, found.count == count || found.count == other else {
      let subject = node.results.first.map { "'\(graph.name(of: $0))' " } ?? ""
      throw Diagnostics(
        "\(subject)(\(node.opName)) has no '\(name)' for \(count) values", at: node.origin.range,
        hint: "only a planned graph can be run; let it pass the stage 'planned'")
    }
    return found
  }
}
