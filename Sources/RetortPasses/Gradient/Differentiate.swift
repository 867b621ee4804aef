import RetortIR
import RetortOps
import RetortTensor
import RetortText

/// Expands every `gradient` into the nodes that compute it: reverse mode, inner gradients first.
///
/// The graph is rewritten once a round; a round expands all gradients whose losses depend on no
/// other unexpanded one, so that gradients of gradients take as many rounds as they are deep. For
/// each, only the nodes between targets and loss are walked backwards (`Activity`), so a weight
/// whose gradient nobody asks for costs nothing. Loops on the way are emitted with every turn's
/// carried values collected, and run backwards by a second loop (`ReverseSweep`).
///
/// Where a loss does not depend on a target the gradient is zero. Where it depends on it only
/// through operations that have no derivative, that is an error.
///
/// A gradient is a few times as long as what its loss depends on, so that gradients of gradients
/// grow with a power of their depth; a graph that outgrows `valueLimit` is given up.
package struct Differentiate: Pass {
  package static let name = "differentiate"
  package static let summary = "expands gradients into nodes"
  package static let exactness = Exactness.approximates
  package static let establishes: Set<Property> = [.gradientFree]
  package static let necessity: String? = "no program computes a 'gradient' as it stands"

  /// Values that the graph may grow to; nil for what goes with its own.
  private let valueLimit: Int?

  package init(valueLimit: Int? = nil) { self.valueLimit = valueLimit }

  /// What a graph of so many values may grow to. The attack through ten steps of a purifier, the
  /// largest of the library, grows to four times its own, 30,000 to 50,000 by its backbone.
  static func valueLimit(of count: Int) -> Int { max(500_000, 8 * count) }

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    guard Self.hasGradient(graph.body) else { return graph }
    let limit = valueLimit ?? Self.valueLimit(of: graph.values.count)
    var graph = InlineRegions.inline(graph)
    while Self.hasGradient(graph.body) {
      let index = GraphIndex(graph)
      var plans: [Int: GradientPlan] = [:]
      for number in index.nodes.indices where index.nodes[number].op is Gradient {
        let node = index.nodes[number]
        guard let plan = GradientPlan(node, index) else { continue }
        plans[node.results[0].id] = plan
      }
      precondition(!plans.isEmpty, "every gradient waits for another one")
      record.fire("expand", .approximates, times: plans.count)
      var sweep = ReverseSweep(graph, plans, valueLimit: limit)
      graph = try sweep.run()
    }
    return graph
  }

  private static func hasGradient(_ block: Block) -> Bool {
    block.nodes.contains { $0.op is Gradient || $0.regions.contains(where: hasGradient) }
  }
}

/// Every node of a graph, outer before inner, and where values are defined.
struct GraphIndex {
  let graph: Graph
  private(set) var nodes: [Node] = []
  /// By a value's number; -1 for arguments of blocks.
  private(set) var definer: [Int]
  /// The operands of each node and, for regions, what they capture.
  private(set) var reads: [[Value]] = []
  /// Whether a node is, holds or depends on a gradient.
  private var isWaiting: [Bool] = []

  init(_ graph: Graph) {
    self.graph = graph
    definer = [Int](repeating: -1, count: graph.values.count)
    visit(graph.body)
  }

  @discardableResult
  private mutating func visit(_ block: Block) -> Bool {
    var found = false
    for node in block.nodes {
      let number = nodes.count
      let operands = node.reads
      let waits = node.op is Gradient || operands.contains { awaitsGradient($0) }
      nodes.append(node)
      reads.append(operands)
      isWaiting.append(waits)
      for region in node.regions where visit(region) { isWaiting[number] = true }
      for result in node.results { definer[result.id] = number }
      found = found || isWaiting[number]
    }
    return found
  }

  /// Whether a value depends on a gradient. Known beforehand, for every round asks it of the losses
  /// of all gradients that are left.
  func awaitsGradient(_ value: Value) -> Bool {
    let number = definer[value.id]
    return number >= 0 && isWaiting[number]
  }

  /// The nodes that a value depends on and that are visible where it is, in order.
  func ancestors(of value: Value) -> [Int] {
    var found: [Int] = []
    var seen = Set<Int>()
    var pending = [value]
    while let next = pending.popLast() {
      let number = definer[next.id]
      guard number >= 0, seen.insert(number).inserted else { continue }
      found.append(number)
      pending += reads[number]
    }
    return found.sorted()
  }
}

/// What has to be done for one `gradient` node.
struct GradientPlan {
  let node: Node
  /// The nodes that the loss depends on, in order.
  let ancestors: [Node]
  let activity: Activity

  var loss: Value { node.operands[0] }
  var targets: ArraySlice<Value> { node.operands.dropFirst() }

  /// Nil where the loss depends on a gradient that is not expanded yet.
  init?(_ node: Node, _ index: GraphIndex) {
    if index.awaitsGradient(node.operands[0]) { return nil }
    self.node = node
    ancestors = index.ancestors(of: node.operands[0]).map { index.nodes[$0] }
    activity = Activity(
      index.graph, loss: node.operands[0], targets: Array(node.operands.dropFirst()), ancestors)
  }
}
