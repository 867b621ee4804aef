import RetortIR
import RetortTensor

/// Removes nodes whose results nobody reads, and of loops and regions the results that nobody
/// reads. A carried value is needed if its last value is, or if a needed value of the body is made
/// of it.
package struct RemoveDeadNodes: Pass {
  package static let name = "remove-dead-nodes"
  package static let summary = "removes what nobody reads"

  package init() {}

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    let liveness = Liveness(graph)
    var counts = (nodes: 0, results: 0)
    let body = liveness.prune(graph.body, &counts)
    record.fire("node", times: counts.nodes)
    record.fire("result", times: counts.results)
    guard counts.nodes + counts.results > 0 else { return graph }
    return graph.with(body)
  }
}

private struct Liveness {
  private let isLive: [Bool]

  init(_ graph: Graph) {
    var needs = ValueWays(valueCount: graph.values.count)
    Self.connect(graph.body.nodes, &needs)
    isLive = needs.reach(from: graph.body.results)
  }

  /// From every value to what it is made of.
  private static func connect(_ nodes: [Node], _ needs: inout ValueWays) {
    for node in nodes {
      for region in node.regions {
        connect(region.nodes, &needs)
        for (result, value) in zip(node.results, region.results) {
          needs.add(from: result, to: value)
        }
      }
      guard node.op is Repeat else {
        needs.add(from: node.results, to: node.operands)
        continue
      }
      let body = node.regions[0]
      for (index, argument) in body.arguments.dropFirst().enumerated() {
        // The last value of a carried one is its start where there are no turns.
        needs.add(from: node.results[index], to: argument)
        needs.add(from: argument, to: node.operands[index])
        needs.add(from: argument, to: body.results[index])
      }
    }
  }

  func prune(_ block: Block, _ counts: inout (nodes: Int, results: Int)) -> Block {
    var nodes: [Node] = []
    nodes.reserveCapacity(block.nodes.count)
    for old in block.nodes {
      let isNeeded = old.results.contains { isLive[$0.id] }
      guard isNeeded else {
        counts.nodes += 1
        continue
      }
      guard !old.regions.isEmpty else {
        nodes.append(old)
        continue
      }
      var node = old
      node.op is Repeat ? trim(loop: &node, &counts) : trim(region: &node, &counts)
      node.regions = node.regions.map { prune($0, &counts) }
      nodes.append(node)
    }
    return Block(arguments: block.arguments, nodes: nodes, results: block.results)
  }

  private func trim(region node: inout Node, _ counts: inout (nodes: Int, results: Int)) {
    let kept = node.results.indices.filter { isLive[node.results[$0].id] }
    guard kept.count < node.results.count else { return }
    counts.results += node.results.count - kept.count
    node.results = kept.map { node.results[$0] }
    node.regions[0].results = kept.map { node.regions[0].results[$0] }
  }

  private func trim(loop node: inout Node, _ counts: inout (nodes: Int, results: Int)) {
    let body = node.regions[0]
    let carriedCount = node.operands.count
    let carried = node.operands.indices.filter { isLive[body.arguments[$0 + 1].id] }
    let collected = (carriedCount..<node.results.count).filter { isLive[node.results[$0].id] }
    let kept = carried + collected
    guard kept.count < node.results.count else { return }
    counts.results += node.results.count - kept.count
    node.operands = carried.map { node.operands[$0] }
    node.results = kept.map { node.results[$0] }
    node.regions[0] = Block(
      arguments: [body.arguments[0]] + carried.map { body.arguments[$0 + 1] }, nodes: body.nodes,
      results: kept.map { body.results[$0] })
  }
}
