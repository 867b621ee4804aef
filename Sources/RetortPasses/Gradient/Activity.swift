import RetortIR
import RetortOps
import RetortTensor

/// Which values lie between targets and loss.
///
/// A value is *active* if it depends on a target through derivatives that exist, and *reached* if
/// it is active and the loss depends on it so: exactly these get cotangents.
struct Activity {
  private(set) var active: [Bool]
  private(set) var reached: [Bool]
  /// For each loop, by its first result: the outer values whose cotangents its body adds to.
  private(set) var captures: [Int: [Value]] = [:]

  init(_ graph: Graph, loss: Value, targets: [Value], _ ancestors: [Node]) {
    active = ValueWays.ofDerivatives(through: ancestors, graph).reach(from: targets)
    reached = [Bool](repeating: false, count: active.count)
    guard active[loss.id] else { return }
    var back = ValueWays(valueCount: active.count)
    for node in ancestors { connect(node, &back) }
    reached = back.reach(from: [loss])
    for node in ancestors where node.op is Repeat && isReached(node) {
      _ = findCaptures(loop: node)
    }
  }

  func isActive(_ value: Value) -> Bool { active[value.id] }
  func isReached(_ value: Value) -> Bool { reached[value.id] }

  /// Whether a node passes cotangents on.
  func isReached(_ node: Node) -> Bool { node.results.contains { reached[$0.id] } }

  /// The carried values of a loop that have cotangents before some turn or after the last.
  func carried(_ node: Node) -> [Int] {
    let body = node.regions[0]
    return node.operands.indices.filter {
      reached[node.results[$0].id] || reached[body.arguments[$0 + 1].id]
    }
  }

  // MARK: from the loss

  /// From every active value to the active ones whose cotangents its own adds to.
  private func connect(_ node: Node, _ back: inout ValueWays) {
    for (end, start) in passes(of: node) { back.add(from: start, to: end) }
    guard node.op is Repeat else { return }
    let body = node.regions[0]
    for (end, start) in yields(of: node) { back.add(from: start, to: end) }
    for inner in body.nodes { connect(inner, &back) }
  }

  /// What a node reads and, for each, the value whose cotangent goes there.
  private func passes(of node: Node) -> [(Value, Value)] {
    guard node.op is Repeat else {
      return node.results.filter(isActive).flatMap { result in
        node.operands.filter(isActive).map { ($0, result) }
      }
    }
    let arguments = node.regions[0].arguments.dropFirst()
    // With no turns, or where a turn hands the value on, the last value is the start.
    return bothActive(zip(node.operands, arguments)) + bothActive(zip(node.operands, node.results))
  }

  /// What a loop's body yields and, for each, the value whose cotangent goes there.
  private func yields(of node: Node) -> [(Value, Value)] {
    let body = node.regions[0]
    return bothActive(zip(body.results, node.results))
      + bothActive(zip(body.results, body.arguments.dropFirst()))
  }

  private func bothActive(_ pairs: some Sequence<(Value, Value)>) -> [(Value, Value)] {
    pairs.filter { isActive($0.0) && isActive($0.1) }
  }

  /// Notes the captures of a loop and of those within it.
  /// - Returns: the numbers of all values that cotangents of the body's go to.
  private mutating func findCaptures(loop node: Node) -> Set<Int> {
    var ends = Set<Int>()
    for inner in node.regions[0].nodes where isReached(inner) {
      if inner.op is Repeat { ends.formUnion(findCaptures(loop: inner)) }
      for (end, start) in passes(of: inner) where isReached(start) { ends.insert(end.id) }
    }
    for (end, start) in yields(of: node) where isReached(start) { ends.insert(end.id) }
    captures[node.results[0].id] = node.captures.filter { ends.contains($0.id) }
    return ends
  }
}

extension ValueWays {
  /// From what operations read to what they compute with a derivative.
  static func ofDerivatives(
    through nodes: [Node], _ graph: Graph, isReversed: Bool = false
  ) -> ValueWays {
    var ways = ValueWays(valueCount: graph.values.count, isReversed: isReversed)
    func connect(_ nodes: [Node]) {
      for node in nodes {
        if node.op is Repeat {
          ways.add(loop: node)
          connect(node.regions[0].nodes)
        } else if let op = node.op as? any TensorOp,
          type(of: op).differentiability == .differentiable
        {
          ways.add(
            from: node.operands, to: node.results.filter { graph.type(of: $0).element.isReal })
        }
      }
    }
    connect(nodes)
    return ways
  }

  /// From the starts and from turn to turn to a loop's results.
  mutating func add(loop node: Node) {
    let body = node.regions[0]
    for (index, argument) in body.arguments.dropFirst().enumerated() {
      add(from: node.operands[index], to: argument)
      add(from: body.results[index], to: argument)
      add(from: argument, to: node.results[index])
    }
    for (result, value) in zip(node.results, body.results) { add(from: value, to: result) }
  }
}
