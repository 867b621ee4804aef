import RetortTensor

/// Copies a graph node by node into a new one, so that a pass only says what it changes.
///
/// Every old value has an image in the new graph. Passes walk the old graph in order; what a pass
/// does not replace is copied with operands mapped, names, origins and annotations kept.
package struct GraphRewriter {
  package let source: Graph
  package var builder: GraphBuilder
  private var images: [Value?]

  /// Decides about one node, whose operands already have images: the images of its results, or nil
  /// to copy the node (and to walk its regions).
  package typealias Transform = (inout GraphRewriter, Node) throws -> [Value]?

  /// Starts a new graph with the same inputs.
  package init(_ graph: Graph) {
    source = graph
    builder = GraphBuilder(name: graph.name)
    images = [Value?](repeating: nil, count: graph.values.count)
    for input in graph.inputs {
      let value = builder.input(input.name, graph.type(of: input.value), role: input.role)
      builder.rename(value, to: graph.name(of: input.value))
      images[input.value.id] = value
    }
  }

  /// The image of an old value. Asking before it has one is a bug of the pass.
  package subscript(value: Value) -> Value {
    guard let image = images[value.id] else {
      preconditionFailure("\(source.name(of: value)) has no image yet")
    }
    return image
  }

  package func image(of value: Value) -> Value? { images[value.id] }

  package mutating func setImage(of value: Value, to image: Value) { images[value.id] = image }

  /// Copies a node; `transform` is asked about the nodes of its regions.
  package mutating func copy(_ node: Node, _ transform: Transform) rethrows {
    let regions = try node.regions.map { region in
      let arguments = builder.openBlock(
        arguments: region.arguments.map { (source.name(of: $0), source.type(of: $0)) })
      for (old, new) in zip(region.arguments, arguments) { images[old.id] = new }
      try visit(region.nodes, transform)
      return builder.closeBlock(results: region.results.map { self[$0] })
    }
    add(node, operands: node.operands.map { self[$0] }, regions: regions)
  }

  /// Adds a node like `node` on other operands and regions, as the image of its results.
  package mutating func add(_ node: Node, operands: [Value], regions: [Block]) {
    let outer = builder.origin
    builder.origin = node.origin
    do {
      let results = try builder.append(
        node.op, operands, regions: regions, names: node.results.map { source.name(of: $0) },
        annotations: node.annotations)
      for (old, new) in zip(node.results, results) { images[old.id] = new }
    } catch {
      preconditionFailure("a copy of \(node.opName) does not verify: \(error.message)")
    }
    builder.origin = outer
  }

  /// Walks nodes in order.
  package mutating func visit(_ nodes: [Node], _ transform: Transform) rethrows {
    for node in nodes {
      let outer = builder.origin
      builder.origin = node.origin
      let replacement = try transform(&self, node)
      builder.origin = outer
      if let replacement {
        for (old, new) in zip(node.results, replacement) { images[old.id] = new }
      } else {
        try copy(node, transform)
      }
    }
  }

  /// Walks the whole graph and finishes the new one.
  package static func rewrite(_ graph: Graph, _ transform: Transform) rethrows -> Graph {
    var rewriter = GraphRewriter(graph)
    try rewriter.visit(graph.body.nodes, transform)
    return rewriter.finish()
  }

  /// The new graph, with the old one's outputs.
  package func finish() -> Graph {
    builder.finish(
      outputs: source.outputs.map {
        GraphOutput(value: self[$0.value], name: $0.name, role: $0.role)
      })
  }
}
