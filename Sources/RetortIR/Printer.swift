import RetortTensor

/// Prints a graph in the language. What it prints parses back to the same graph.
package struct Printer: Sendable {
  /// Adds each node's origin as a comment.
  package var showsOrigins: Bool

  package init(showsOrigins: Bool = false) { self.showsOrigins = showsOrigins }

  package func text(_ graph: Graph) -> String {
    var lines = Lines()
    let arguments = graph.inputs.filter { $0.role == .input }
      .map { "\($0.name): \(graph.type(of: $0.value))" }
    let results = graph.outputs.filter { $0.role == .result }
      .map { "\($0.name): \(graph.type(of: $0.value))" }
    lines.add(
      "graph \(graph.name)(\(arguments.joined(separator: ", ")))"
        + " -> (\(results.joined(separator: ", "))) {")
    lines.depth += 1
    for input in graph.inputs where input.role != .input {
      lines.add(declaration(input, graph))
    }
    for node in graph.body.nodes { add(node, graph, to: &lines) }
    for output in graph.outputs where output.role == .update {
      let weight = graph.inputs.first { $0.name == output.name && $0.role.isWeight }!
      lines.add("update \(graph.name(of: weight.value)) = \(graph.name(of: output.value))")
    }
    let returned = graph.outputs.filter { $0.role == .result }.map { graph.name(of: $0.value) }
    if !returned.isEmpty { lines.add("return " + returned.joined(separator: ", ")) }
    lines.depth -= 1
    lines.add("}")
    return lines.text
  }

  private struct Lines {
    var text = ""
    var depth = 0
    mutating func add(_ line: String) {
      text += String(repeating: "  ", count: depth) + line + "\n"
    }
  }

  /// A parameter or buffer with its whole path.
  package func declaration(_ input: GraphInput, _ graph: Graph) -> String {
    let word: String
    let initialiser: Initialiser?
    switch input.role {
    case .parameter(let value): (word, initialiser) = ("parameter", value)
    case .buffer(let value): (word, initialiser) = ("buffer", value)
    case .input: preconditionFailure("an argument is not declared in the body")
    }
    var line = "\(word) \(graph.name(of: input.value)): \(graph.type(of: input.value))"
    line += " as \(AttributeValue.quoted(input.name))"
    if let initialiser { line += " init \(initialiser.spelling)" }
    return line
  }

  private func add(_ node: Node, _ graph: Graph, to lines: inout Lines) {
    let binders = node.results.map { "\(graph.name(of: $0)): \(graph.type(of: $0))" }
    let left = binders.joined(separator: ", ") + " = "
    let operands = node.operands.map { graph.name(of: $0) }
    let comment =
      showsOrigins && !node.origin.description.isEmpty
      ? "  // " + node.origin.description : ""
    switch node.op {
    case let loop as Repeat:
      let body = node.regions[0]
      let index = body.arguments[0]
      let carried = zip(body.arguments.dropFirst(), operands).map {
        "\(graph.name(of: $0)): \(graph.type(of: $0)) = \($1)"
      }
      let range = "\(loop.first)..<\(loop.first + loop.count)"
      let header =
        "repeat \(graph.name(of: index)) in \(range)"
        + (carried.isEmpty ? "" : " with " + carried.joined(separator: ", "))
      add(
        body, after: left + header, node, graph, carriedCount: operands.count, comment, to: &lines)
    case is Prepare, is Fused:
      let body = node.regions[0]
      add(
        body, after: left + node.opName, node, graph, carriedCount: body.results.count, comment,
        to: &lines)
    default:
      let attributes = node.op.spelledAttributes.map { "\($0.name): \($0.value)" }
      let call = "\(node.opName)(\((operands + attributes).joined(separator: ", ")))"
      lines.add(left + call + annotations(node) + comment)
    }
  }

  private func add(
    _ body: Block, after header: String, _ node: Node, _ graph: Graph, carriedCount: Int,
    _ comment: String, to lines: inout Lines
  ) {
    lines.add(header + annotations(node) + " {" + comment)
    lines.depth += 1
    for inner in body.nodes { add(inner, graph, to: &lines) }
    let names = body.results.map { graph.name(of: $0) }
    var line = "yield"
    if carriedCount > 0 { line += " " + names.prefix(carriedCount).joined(separator: ", ") }
    if names.count > carriedCount {
      line += " collect " + names.dropFirst(carriedCount).joined(separator: ", ")
    }
    lines.add(line)
    lines.depth -= 1
    lines.add("}")
  }

  private func annotations(_ node: Node) -> String {
    guard !node.annotations.isEmpty else { return "" }
    return " @(" + node.annotations.map { "\($0.name): \($0.value)" }.joined(separator: ", ") + ")"
  }
}

extension Initialiser {
  /// `normal(0.05)`, as it stands behind `init` in the language.
  package var spelling: String {
    switch self {
    case .fill(let value): "fill(\(AttributeValue.spelling(value)))"
    case .normal(let deviation): "normal(\(AttributeValue.spelling(deviation)))"
    case .uniform(let bound): "uniform(\(AttributeValue.spelling(bound)))"
    }
  }
}

extension Graph: CustomStringConvertible {
  package var description: String { Printer().text(self) }
}
