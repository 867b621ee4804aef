import RetortIR
import RetortOps
import RetortTensor

/// Moves out of loops what they do not change: nodes all of whose operands are defined outside.
/// Inner loops go first, so that what no loop changes leaves all of them.
///
/// Fills and broadcasts stay where only elementwise operations read them: a kernel reads through
/// them, and outside they would be tensors in memory.
package struct HoistInvariants: Pass {
  package static let name = "hoist-invariants"
  package static let summary = "moves out of loops what they do not change"
  package static let requires: Set<Property> = [.gradientFree]
  package static let establishes: Set<Property> = [.hoisted]

  package init() {}

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    var count = 0
    let body = Self.hoist(in: graph.body, &count)
    record.fire("hoist", times: count)
    guard count > 0 else { return graph }
    return graph.with(body)
  }

  private static func hoist(in block: Block, _ count: inout Int) -> Block {
    var nodes: [Node] = []
    nodes.reserveCapacity(block.nodes.count)
    for old in block.nodes {
      guard !old.regions.isEmpty else {
        nodes.append(old)
        continue
      }
      var node = old
      node.regions = node.regions.map { hoist(in: $0, &count) }
      // A loop without turns computes nothing that could be computed earlier.
      if let loop = node.op as? Repeat, loop.count > 0 {
        let (outside, inside) = split(node.regions[0])
        count += outside.count
        nodes += outside
        node.regions[0].nodes = inside
      }
      nodes.append(node)
    }
    return Block(arguments: block.arguments, nodes: nodes, results: block.results)
  }

  private static func split(_ body: Block) -> (outside: [Node], inside: [Node]) {
    var changing = Set(body.arguments)
    var isInvariant: [Bool] = []
    for node in body.nodes {
      let reads = node.reads
      let changes = reads.contains(where: changing.contains)
      if changes { changing.formUnion(node.results) }
      isInvariant.append(!changes)
    }
    // From the last to the first: a reading mode stays unless somebody needs it as a tensor.
    var needed = Set(body.results)
    for (index, node) in zip(body.nodes.indices, body.nodes).reversed() {
      if isInvariant[index], ElementwiseOps.isReadingMode(node.op),
        !needed.contains(node.results[0])
      {
        isInvariant[index] = false
        continue
      }
      let readsThrough = ElementwiseOps.contains(node.op) && !isInvariant[index]
      if !readsThrough { needed.formUnion(node.operands) }
      needed.formUnion(node.captures)
    }
    let numbered = zip(body.nodes, isInvariant)
    return (numbered.filter(\.1).map(\.0), numbered.filter { !$0.1 }.map(\.0))
  }
}
