import RetortIR
import RetortTensor

/// Plans a graph in the plainest way, as the pass does in a better one: every value has a place of
/// its own. Loop results stay in their slots.
struct HandPlan {
  /// Gives a result the place of an operand: `["y": "x"]`, by the values' names.
  var inPlace: [String: String] = [:]

  func plan(_ graph: Graph) -> Graph {
    var planning = Planning(graph: graph, plan: self)
    var planned = graph
    planned.body.nodes = planning.plan(graph.body.nodes)
    return planned
  }

  private struct Planning {
    let graph: Graph
    let plan: HandPlan
    var offsets: [Value: Int] = [:]
    var end = 0
    var preparedEnd = 0

    mutating func plan(_ nodes: [Node]) -> [Node] { nodes.map { plan($0) } }

    private mutating func plan(_ node: Node) -> Node {
      var node = node
      switch node.op {
      case is Repeat:
        let slots = node.regions[0].arguments.map { take($0) }
        node.regions[0].nodes = plan(node.regions[0].nodes)
        let carried = node.operands.count
        for (value, slot) in zip(node.results, slots.dropFirst()) { offsets[value] = slot }
        let collected = node.results.dropFirst(carried).map { take($0) }
        node.annotations.append(Annotation("slots", .integers(slots)))
        if !collected.isEmpty {
          node.annotations.append(Annotation("offsets", .integers(collected)))
        }
      case is Prepare:
        node.regions[0].nodes = plan(node.regions[0].nodes)
        let prepared = node.results.map { value in
          defer { preparedEnd += Self.aligned(graph.type(of: value).byteCount) }
          return preparedEnd
        }
        node.annotations.append(Annotation("prepared", .integers(prepared)))
      default:
        let places = node.results.map { take($0) }
        node.annotations.append(Annotation("offsets", .integers(places)))
      }
      return node
    }

    private mutating func take(_ value: Value) -> Int {
      if let shared = plan.inPlace[graph.name(of: value)] {
        let other = offsets.keys.first { graph.name(of: $0) == shared }!
        offsets[value] = offsets[other]!
        return offsets[other]!
      }
      let offset = end
      end += Self.aligned(graph.type(of: value).byteCount)
      offsets[value] = offset
      return offset
    }

    private static func aligned(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }
  }
}
