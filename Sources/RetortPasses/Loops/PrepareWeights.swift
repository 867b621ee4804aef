import RetortIR
import RetortOps
import RetortTensor

/// Gathers what depends on weights alone into one `prepare` region, run once when they are bound.
///
/// Weights that the graph updates do not count. Fills, constants and iotas are copied into the
/// region, not kept by it; broadcasts at its edge stay outside, for they would only make weights
/// larger. Without any work to save there is no region.
package struct PrepareWeights: Pass {
  package static let name = "prepare-weights"
  package static let summary = "gathers what depends on weights alone"
  package static let requires: Set<Property> = [.hoisted]
  package static let establishes: Set<Property> = [.prepared]

  package init() {}

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    // Old regions are gathered anew, wherever they stand and whatever they read.
    let graph = Self.inlining(graph) { _ in true }
    let chosen = Self.chosen(graph)
    guard chosen.contains(true) else { return graph }
    record.fire("prepare", times: chosen.count { $0 })
    return Self.gather(graph, chosen)
  }

  /// The graph with those `prepare` regions alone that can be run once and before all else: they
  /// stand in the graph's own body and read nothing but weights that keep their values, and what
  /// other such regions yield. All others are taken apart.
  static func keepingSoundRegions(_ graph: Graph) -> Graph {
    let isFixed = fixedNodes(graph) { $0.op is Prepare }
    let sound = Set(zip(graph.body.nodes, isFixed).filter { $1 }.flatMap(\.0.results))
    return inlining(graph) { node in !node.results.contains(where: sound.contains) }
  }

  /// Which nodes of the graph's body depend on weights alone: those that read nothing but weights
  /// that keep their values, and what other such nodes make. Only nodes that `counts` accepts are
  /// such nodes.
  private static func fixedNodes(_ graph: Graph, where counts: (Node) -> Bool) -> [Bool] {
    var fixed = Set(graph.fixedWeights)
    return graph.body.nodes.map { node in
      guard counts(node), node.reads.allSatisfy(fixed.contains) else { return false }
      fixed.formUnion(node.results)
      return true
    }
  }

  /// Takes some `prepare` regions apart, those inside other regions too.
  private static func inlining(_ graph: Graph, where isChosen: (Node) -> Bool) -> Graph {
    var isNeeded = false
    graph.forEachNode { if $0.op is Prepare, isChosen($0) { isNeeded = true } }
    return isNeeded ? InlineRegions.inline(graph) { $0.op is Prepare && isChosen($0) } : graph
  }

  /// Which nodes of the graph's body go into the region.
  private static func chosen(_ graph: Graph) -> [Bool] {
    let nodes = graph.body.nodes
    let isFixed = fixedNodes(graph) { _ in true }
    var chosen = zip(nodes, isFixed).map { $1 && !ElementwiseOps.isSource($0.op) }
    // A broadcast stays unless something prepared reads it.
    var needed = Set<Value>()
    for index in nodes.indices.reversed() where chosen[index] {
      if nodes[index].op is Broadcast, !needed.contains(nodes[index].results[0]) {
        chosen[index] = false
      } else {
        needed.formUnion(nodes[index].reads)
      }
    }
    return chosen
  }

  private static func gather(_ graph: Graph, _ chosen: [Bool]) -> Graph {
    var editor = GraphEditor(graph)
    let nodes = graph.body.nodes
    var sources: [Value: Node] = [:]
    for node in nodes where ElementwiseOps.isSource(node.op) { sources[node.results[0]] = node }
    var inside: [Node] = []
    var images: [Value: Value] = [:]
    /// Values of the region that the rest reads, in order.
    var yielded: [Value] = []
    var defined = Set<Value>()
    var rest: [Node] = []
    var used = Set<Value>()
    func copySources(_ values: [Value]) {
      for value in values where images[value] == nil {
        guard var source = sources[value] else { continue }
        let copy = editor.newValue(editor.type(of: value), name: graph.name(of: value))
        source.results = [copy]
        inside.append(source)
        images[value] = copy
      }
    }
    for (node, isChosen) in zip(nodes, chosen) {
      if isChosen {
        copySources(node.reads)
        inside.append(node.replacing(images))
        defined.formUnion(node.results)
      } else {
        rest.append(node)
        used.formUnion(node.reads)
      }
    }
    used.formUnion(graph.body.results)
    // Sources that were copied and that nobody else reads.
    rest.removeAll { ElementwiseOps.isSource($0.op) && !used.contains($0.results[0]) }
    for node in inside {
      yielded += node.results.filter { defined.contains($0) && used.contains($0) }
    }
    let prepare = region(inside, yielding: yielded, &images, &editor)
    return editor.graph.with(
      Block(
        arguments: graph.body.arguments, nodes: [prepare] + rest, results: graph.body.results))
  }

  /// What the rest reads keeps its name; the region's own value gets another.
  private static func region(
    _ nodes: [Node], yielding results: [Value], _ images: inout [Value: Value],
    _ editor: inout GraphEditor
  ) -> Node {
    for value in results {
      images[value] = editor.newValue(
        editor.type(of: value), name: editor.graph.name(of: value))
    }
    let inside = nodes.map { [images] in $0.renaming(images) }
    let block = Block(nodes: inside, results: results.map { [images] in images[$0]! })
    return Node(
      op: Prepare(), operands: [], results: results, regions: [block],
      origin: Origin(derivation: "weights prepared"))
  }
}

extension Node {
  /// The node with its operands, those in regions included, replaced.
  func replacing(_ images: [Value: Value]) -> Node {
    var node = self
    node.operands = operands.map { images[$0] ?? $0 }
    node.regions = regions.map { region in
      Block(
        arguments: region.arguments, nodes: region.nodes.map { $0.replacing(images) },
        results: region.results.map { images[$0] ?? $0 })
    }
    return node
  }

  /// As `replacing`, with the node's own results replaced too.
  func renaming(_ images: [Value: Value]) -> Node {
    var node = replacing(images)
    node.results = results.map { images[$0] ?? $0 }
    return node
  }
}
