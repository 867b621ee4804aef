import RetortIR

/// Takes `prepare` and `fused` regions apart: their nodes stand in the block around them.
package struct InlineRegions: Pass {
  package static let name = "inline-regions"
  package static let summary = "takes prepare and fused regions apart"

  package init() {}

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    var count = 0
    graph.forEachNode { if $0.op is Prepare || $0.op is Fused { count += 1 } }
    record.fire("inline", times: count)
    return count == 0 ? graph : Self.inline(graph)
  }

  /// Takes the regions of some nodes apart, of all that have one by default.
  static func inline(
    _ graph: Graph, where isChosen: (Node) -> Bool = { $0.op is Prepare || $0.op is Fused }
  ) -> Graph {
    GraphEditor.edit(graph) { editor, node in
      guard isChosen(node) else { return nil }
      for inner in node.regions[0].nodes { editor.append(inner) }
      return node.regions[0].results
    }
  }
}
