import RetortIR
import RetortOps
import RetortTensor

/// Which values lie between targets and loss.
///
/// A value is *active* if it depends on a target through derivatives that exist, and *reached* if
/// it is active and the loss depends on it so: exactly these get cotangents. What a loop carries is
/// found by going round until nothing is added.
struct Activity {
  private let graph: Graph
  private(set) var active: [Bool]
  private(set) var reached: [Bool]
  /// For each loop, by its first result: the outer values whose cotangents its body adds to.
  private(set) var captures: [Int: [Value]] = [:]

  init(_ graph: Graph, loss: Value, targets: [Value], _ ancestors: [Node]) {
    self.graph = graph
    active = [Bool](repeating: false, count: graph.values.count)
    reached = active
    for target in targets { active[target.id] = true }
    for node in ancestors { spread(node) }
    guard active[loss.id] else { return }
    reached[loss.id] = true
    for node in ancestors.reversed() { pull(node) }
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

  // MARK: from the targets

  private mutating func activate(_ value: Value) {
    if graph.type(of: value).element.isReal { active[value.id] = true }
  }

  private mutating func spread(_ node: Node) {
    switch node.op {
    case let op as any TensorOp:
      guard node.operands.contains(where: isActive),
        Swift.type(of: op).differentiability == .differentiable
      else { return }
      node.results.forEach { activate($0) }
    case is Repeat:
      spread(loop: node)
    default:
      return
    }
  }

  private mutating func spread(loop node: Node) {
    let body = node.regions[0]
    let arguments = body.arguments.dropFirst()
    for (argument, start) in zip(arguments, node.operands) where isActive(start) {
      active[argument.id] = true
    }
    var isStable = false
    while !isStable {
      isStable = true
      for inner in body.nodes { spread(inner) }
      for (argument, next) in zip(arguments, body.results)
      where isActive(next) && !isActive(argument) {
        active[argument.id] = true
        isStable = false
      }
    }
    for (result, value) in zip(node.results, body.results) where isActive(value) {
      activate(result)
    }
    for (result, argument) in zip(node.results, arguments) where isActive(argument) {
      activate(result)
    }
  }

  // MARK: from the loss

  private mutating func reach(_ values: [Value]) {
    for value in values where active[value.id] { reached[value.id] = true }
  }

  private mutating func pull(_ node: Node) {
    guard isReached(node) else { return }
    if node.op is Repeat { pull(loop: node) } else { reach(node.operands) }
  }

  private mutating func pull(loop node: Node) {
    let body = node.regions[0]
    let outer = node.captures.filter(isActive)
    let before = outer.map(isReached)
    for value in outer { reached[value.id] = false }
    for (result, value) in zip(node.results, body.results) where isReached(result) {
      reach([value])
    }
    var isStable = false
    while !isStable {
      isStable = true
      for inner in body.nodes.reversed() { pull(inner) }
      for (argument, next) in zip(body.arguments.dropFirst(), body.results)
      where isReached(argument) && isActive(next) && !isReached(next) {
        reached[next.id] = true
        isStable = false
      }
    }
    captures[node.results[0].id] = outer.filter(isReached)
    for (value, wasReached) in zip(outer, before) where wasReached { reached[value.id] = true }
    for (argument, start) in zip(body.arguments.dropFirst(), node.operands)
    where isReached(argument) {
      reach([start])
    }
    // With no turns, or where a turn hands the value on, the last value is the start.
    for (result, start) in zip(node.results, node.operands) where isReached(result) {
      reach([start])
    }
  }
}
