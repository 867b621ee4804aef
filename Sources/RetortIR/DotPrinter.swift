import RetortTensor

/// Draws a graph for Graphviz: a box a node, a cluster a region, an edge a value with its type.
package struct DotPrinter: Sendable {
  package init() {}

  package func text(_ graph: Graph) -> String {
    var drawing = Drawing(graph: graph)
    drawing.lines.append("digraph \(Self.quoted(graph.name)) {")
    drawing.lines.append("  node [shape=box, fontname=\"monospace\", fontsize=10];")
    drawing.lines.append("  edge [fontname=\"monospace\", fontsize=8];")
    for input in graph.inputs {
      let style = input.role.isWeight ? "shape=cylinder" : "shape=ellipse"
      drawing.lines.append(
        "  \(Drawing.name(input.value)) [\(style), label=\(Self.quoted(input.name))];")
    }
    drawing.draw(graph.body, depth: 1)
    for (index, output) in graph.outputs.enumerated() {
      drawing.lines.append("  out\(index) [shape=ellipse, label=\(Self.quoted(output.name))];")
      drawing.edge(output.value, to: "out\(index)", depth: 1)
    }
    drawing.lines.append("}")
    return drawing.lines.joined(separator: "\n") + "\n"
  }

  static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  private struct Drawing {
    let graph: Graph
    var lines: [String] = []
    /// The box that shows a value: its node's, or its own for arguments.
    var boxes: [Value: String] = [:]
    var nodeCount = 0

    init(graph: Graph) { self.graph = graph }

    static func name(_ value: Value) -> String { "v\(value.id)" }

    mutating func draw(_ block: Block, depth: Int) {
      let margin = String(repeating: "  ", count: depth)
      for node in block.nodes {
        let box = "n\(nodeCount)"
        nodeCount += 1
        let names = node.results.map { graph.name(of: $0) }.joined(separator: ", ")
        let attributes = node.op.spelledAttributes.map { "\($0.name): \($0.value)" }
        let label = ([names, node.opName] + attributes).joined(separator: "\\n")
        if !node.regions.isEmpty {
          lines.append(margin + "subgraph cluster_\(box) {")
          lines.append(margin + "  label=\(DotPrinter.quoted(node.opName));")
          for region in node.regions {
            for argument in region.arguments {
              let shown = DotPrinter.quoted(graph.name(of: argument))
              lines.append(margin + "  \(Self.name(argument)) [shape=ellipse, label=\(shown)];")
            }
            draw(region, depth: depth + 1)
          }
        }
        lines.append(
          margin + "  \(box) [label=\"\(label.replacing("\"", with: "'"))\"];")
        for operand in node.operands { edge(operand, to: box, depth: depth) }
        for region in node.regions {
          for result in region.results { edge(result, to: box, depth: depth + 1) }
        }
        if !node.regions.isEmpty { lines.append(margin + "}") }
        for result in node.results { boxes[result] = box }
      }
    }

    mutating func edge(_ value: Value, to box: String, depth: Int) {
      let margin = String(repeating: "  ", count: depth)
      let type = DotPrinter.quoted(graph.type(of: value).description)
      lines.append(margin + "\(boxes[value] ?? Self.name(value)) -> \(box) [label=\(type)];")
    }
  }
}
