import RetortIR
import RetortOps
import RetortTensor

/// Merges nodes that compute the same: one operation and attributes, the same operands, the same
/// annotations. A node in a region may be replaced by one of an enclosing block, never the other
/// way round; fills and broadcasts, which a kernel reads through, are shared within one block only.
/// Loops with equal bodies are one too.
package struct ShareCommonNodes: Pass {
  package static let name = "share-common-nodes"
  package static let summary = "merges nodes that compute the same"
  package static let requires: Set<Property> = [.gradientFree]

  package init() {}

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    var sharing = Sharing(graph: graph)
    let body = sharing.walk(graph.body)
    record.fire("share", times: sharing.count)
    guard sharing.count > 0 else { return graph }
    return graph.with(body)
  }
}

private struct Sharing {
  private struct Key: Hashable {
    /// The number of the operation's spelling: numbers are hashed faster than words.
    let signature: Int
    let operands: [Value]
    let annotations: [Annotation]
    /// The block's number for nodes that are shared within one block only.
    let block: Int
    /// What the regions read, and how many nodes they have.
    let captures: [Value]
  }

  let graph: Graph
  private(set) var count = 0
  private var images: [Value]
  private var table: [Key: [Node]] = [:]
  /// Spellings by number.
  private var spellings: [String: Int] = [:]
  /// The numbers of operations without attributes; nil for those that have some.
  private var signatures: [ObjectIdentifier: Int?] = [:]
  private var blockCount = 0

  init(graph: Graph) {
    self.graph = graph
    images = graph.values.indices.map { Value(id: $0) }
  }

  mutating func walk(_ block: Block) -> Block {
    blockCount += 1
    let number = blockCount
    var added: [Key] = []
    var nodes: [Node] = []
    nodes.reserveCapacity(block.nodes.count)
    for old in block.nodes {
      var node = old
      if node.operands.contains(where: { images[$0.id] != $0 }) {
        node.operands = node.operands.map { images[$0.id] }
      }
      node.regions = node.regions.map { walk($0) }
      let key = self.key(node, number)
      if let equal = table[key]?.first(where: { isSame($0, node) }) {
        for (gone, kept) in zip(node.results, equal.results) { images[gone.id] = kept }
        count += 1
      } else {
        table[key, default: []].append(node)
        added.append(key)
        nodes.append(node)
      }
    }
    // Behind the outermost block nobody looks any more.
    if number > 1 {
      for key in added {
        table[key]!.removeLast()
        if table[key]!.isEmpty { table[key] = nil }
      }
    }
    return Block(
      arguments: block.arguments, nodes: nodes, results: block.results.map { images[$0.id] })
  }

  private mutating func key(_ node: Node, _ block: Int) -> Key {
    Key(
      signature: signature(node.op), operands: node.operands, annotations: node.annotations,
      block: ElementwiseOps.isReadingMode(node.op) ? block : 0,
      captures: node.captures)
  }

  /// Operations without attributes are spelt once.
  private mutating func signature(_ op: any Op) -> Int {
    let kind = ObjectIdentifier(type(of: op))
    if let known = signatures[kind] { return known ?? index(of: op.signature) }
    let number = index(of: op.signature)
    signatures[kind] = .some(type(of: op).attributeSummaries.isEmpty ? number : nil)
    return number
  }

  private mutating func index(of spelling: String) -> Int {
    if let number = spellings[spelling] { return number }
    spellings[spelling] = spellings.count
    return spellings.count - 1
  }

  /// Nodes under one key differ in their regions at most.
  private func isSame(_ a: Node, _ b: Node) -> Bool {
    guard a.regions.count == b.regions.count else { return false }
    var pairs: [Value: Value] = [:]
    return zip(a.regions, b.regions).allSatisfy { isSame($0, $1, &pairs) }
  }

  private func isSame(_ a: Block, _ b: Block, _ pairs: inout [Value: Value]) -> Bool {
    guard a.arguments.count == b.arguments.count, a.nodes.count == b.nodes.count,
      a.results.count == b.results.count
    else { return false }
    for (x, y) in zip(a.arguments, b.arguments) {
      guard graph.type(of: x) == graph.type(of: y) else { return false }
      pairs[x] = y
    }
    func match(_ xs: [Value], _ ys: [Value]) -> Bool {
      xs.count == ys.count && zip(xs, ys).allSatisfy { (pairs[$0] ?? $0) == $1 }
    }
    for (x, y) in zip(a.nodes, b.nodes) {
      guard x.op.signature == y.op.signature, x.annotations == y.annotations,
        match(x.operands, y.operands), x.regions.count == y.regions.count,
        x.results.count == y.results.count
      else { return false }
      for (inner, other) in zip(x.regions, y.regions) {
        guard isSame(inner, other, &pairs) else { return false }
      }
      for (left, right) in zip(x.results, y.results) { pairs[left] = right }
    }
    return match(a.results, b.results)
  }
}
