import RetortIR
import RetortTensor
import RetortText

/// What no recomputation gets below: the most bytes of the arena that one step needs by itself.
///
/// Of every node that is needed the graph keeps one, the node itself or a copy, on values of the
/// same types; what that reads and writes at once is needed at once. Where this is not certain less
/// is taken: a result that may lie where an operand lay counts as nothing, and of a kernel with
/// several results only the largest value counts, for dead nodes are removed from kernels too.
struct RecomputeBound {
  private let graph: Graph
  private let lifetimes: Lifetimes
  /// Those of `prepare` regions, which may lie outside the arena.
  private let prepared: Set<Value>
  private(set) var byteCount = 0
  /// Where the definition asks for the step that needs the most.
  private(set) var range: SourceRange?

  /// - Parameter graph: one without dead nodes, which need nothing.
  init(_ graph: Graph) {
    self.graph = graph
    lifetimes = Lifetimes(graph)
    var prepared = Set<Value>()
    graph.forEachNode { if $0.op is Prepare { prepared.formUnion($0.results) } }
    self.prepared = prepared
    visit(graph.body)
  }

  private mutating func visit(_ block: Block) {
    for node in block.nodes where !(node.op is Prepare) {
      note(neededBytes(node), at: node.origin.range)
      if node.op is Repeat { visit(node.regions[0]) }
    }
    note(total(block.results), at: nil)
  }

  private mutating func note(_ needed: Int, at range: SourceRange?) {
    guard needed > byteCount else { return }
    byteCount = needed
    self.range = range
  }

  private func neededBytes(_ node: Node) -> Int {
    if node.op is Repeat {
      // The slots, and what is collected, are there from the first turn to the last.
      let collected = node.results.dropFirst(node.operands.count)
      return total(node.regions[0].arguments + collected)
    }
    if node.op is Fused, node.results.count > 1 {
      return (node.reads + node.results).map { total([$0]) }.max() ?? 0
    }
    let places = Storage.overwritable(node)
    let written = node.results.filter { result in
      !places.contains { total([$0]) == total([result]) }
    }
    return total(node.reads + written)
  }

  /// Bytes of the arena for all of the values at once.
  private func total(_ values: [Value]) -> Int {
    Set(values).reduce(0) { sum, value in
      let isInArena = lifetimes.first[value.id] >= 0 && !prepared.contains(value)
      return isInArena ? sum + graph.type(of: value).byteCount : sum
    }
  }
}
