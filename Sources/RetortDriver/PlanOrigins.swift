import RetortFormats
import RetortIR

/// Where a plan's nodes came from, beside its text, so that profiles of a plan speak the
/// definition's words: one line a node, outer before inner, `path`, a tab, and the rest.
enum PlanOrigins {
  static func text(_ graph: Graph) -> String {
    var lines: [String] = []
    graph.forEachNode { node in
      var place = node.origin
      place.path = ""
      lines.append(plain(node.origin.path) + "\t" + plain(place.description))
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
      let place = parts.count > 1 ? plain(String(parts[1])) : ""
      block.nodes[index].origin = Origin(
        path: plain(String(parts[0])), derivation: place.isEmpty ? nil : place)
      for region in block.nodes[index].regions.indices {
        block.nodes[index].regions[region] = named(block.nodes[index].regions[region], &lines)
      }
    }
    return block
  }

  /// Without control characters, which separate here and do harm on terminals.
  private static func plain(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
      return text
    }
    return String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : $0 }))
  }
}
