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
    var liveness = Liveness(valueCount: graph.values.count)
    liveness.markLive(graph.body)
    var counts = (nodes: 0, results: 0)
    let body = liveness.prune(graph.body, &counts)
    record.fire("node", times: counts.nodes)
    record.fire("result", times: counts.results)
    guard counts.nodes + counts.results > 0 else { return graph }
    return graph.with(body)
  }
}

private struct Liveness {
  private var isLive: [Bool]

  init(valueCount: Int) { isLive = [Bool](repeating: false, count: valueCount) }

  private mutating func mark(_ values: some Sequence<Value>) {
    for value in values { isLive[value.id] = true }
  }

  /// Marks what the block's results need.
  mutating func markLive(_ block: Block) {
    mark(block.results)
    sweep(block.nodes)
  }

  private mutating func sweep(_ nodes: [Node]) {
    for node in nodes.reversed() where node.results.contains(where: { isLive[$0.id] }) {
      if node.op is Repeat {
        sweep(loop: node)
      } else {
        mark(node.operands)
        for region in node.regions {
          mark(zip(region.results, node.results).filter { isLive[$1.id] }.map(\.0))
          sweep(region.nodes)
        }
      }
    }
  }

  private mutating func sweep(loop node: Node) {
    let body = node.regions[0]
    mark(zip(body.results, node.results).filter { isLive[$1.id] }.map(\.0))
    // The last value of a carried one is its start where there are no turns.
    let arguments = body.arguments.dropFirst()
    mark(zip(arguments, node.results).filter { isLive[$1.id] }.map(\.0))
    var isStable = false
    while !isStable {
      sweep(body.nodes)
      isStable = true
      for (argument, next) in zip(arguments, body.results)
      where isLive[argument.id] && !isLive[next.id] {
        isLive[next.id] = true
        isStable = false
      }
    }
    mark(zip(arguments, node.operands).filter { isLive[$0.0.id] }.map(\.1))
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
