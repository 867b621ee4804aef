import RetortFormats
import RetortIR
import RetortText

/// Where a plan's nodes came from, beside its text, so that profiles of a plan speak the
/// definition's words: one line a node, outer before inner, `path`, a tab, and the rest.
enum PlanOrigins {
  static func text(_ graph: Graph) -> String {
    var lines: [String] = []
    graph.forEachNode { node in
      var place = node.origin
      place.path = ""
      lines.append(node.origin.path.visible() + "\t" + place.description.visible())
    }
    return lines.joined(separator: "\n")
  }

  /// The graph with the origins that a text tells; without a text those of the graph.
  ///
  /// - Throws: where the text is not of that many nodes.
  static func applied(_ text: String, to graph: Graph) throws(FormatError) -> Graph {
    if text.isEmpty { return graph }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == graph.nodeCount else {
      throw FormatError("tells where \(lines.count) nodes are from, but holds \(graph.nodeCount)")
    }
    var rest = lines[...]
    var result = graph
    result.body = named(graph.body, &rest)
    return result
  }

  private static func named(_ block: Block, _ lines: inout ArraySlice<Substring>) -> Block {
    var block = block
    for index in block.nodes.indices {
      let parts = lines.removeFirst().split(
        separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
      let place = parts.count > 1 ? String(parts[1]).visible() : ""
      block.nodes[index].origin = Origin(
        path: String(parts[0]).visible(), derivation: place.isEmpty ? nil : place)
      for region in block.nodes[index].regions.indices {
        block.nodes[index].regions[region] = named(block.nodes[index].regions[region], &lines)
      }
    }
    return block
  }
}
