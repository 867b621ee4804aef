import RetortFormats
import RetortText

/// What `retort inspect` says of a model: its inputs and results, who wrote it, its operators.
package struct OnnxSummary {
  private let model: OnnxModel

  package init(path: String) throws(Diagnostics) { model = try OnnxModel(reading: path) }

  package var text: String {
    let graph = model.graph!
    var lines = [
      "graph \(graph.name)(\(list(model.arguments))) -> (\(list(graph.outputs)))",
      "producer   \(model.producerName) \(model.producerVersion)",
      "opsets     "
        + model.opsets.map { "\($0.domain.isEmpty ? "ai.onnx" : $0.domain) \($0.version)" }
        .joined(separator: ", "),
      "nodes      \(graph.nodes.count), functions \(model.functions.count)",
      "weights    \(graph.initializers.count) initializers",
    ]
    for (name, count) in operators {
      let mark = isKnown(name) ? "" : "  not imported"
      lines.append("  \(name) \(count)\(mark)")
    }
    return lines.joined(separator: "\n").visible(keepingLines: true)
  }

  package var json: String {
    let graph = model.graph!
    func values(_ list: [OnnxValue]) -> JSONValue {
      .array(list.map { .object(["name": .string($0.name), "type": .string(spelling($0))]) })
    }
    return JSONValue.object([
      "format": .string("onnx"), "graph": .string(graph.name),
      "producer": .string(model.producerName), "version": .string(model.producerVersion),
      "inputs": values(model.arguments), "outputs": values(graph.outputs),
      "initializers": .number(graph.initializers.count),
      "operators": .object(
        operators.map { JSONValue.Member($0.name, JSONValue.number($0.count)) }),
    ]).text
  }

  /// How often each operator stands in the model, in the graphs within its nodes and in its
  /// functions too, the commonest first.
  private var operators: [(name: String, count: Int)] {
    var counts: [String: Int] = [:]
    func count(_ nodes: [OnnxNode]) {
      for node in nodes {
        counts[Self.name(node.domain, node.opType), default: 0] += 1
        for attribute in node.attributes {
          for graph in attribute.graph + attribute.graphs { count(graph.nodes) }
        }
      }
    }
    count(model.graph!.nodes)
    for function in model.functions { count(function.nodes) }
    return counts.map { (name: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }

  /// `ai.onnx` is another spelling of the empty domain.
  private static func name(_ domain: String, _ name: String) -> String {
    domain.isEmpty || domain == "ai.onnx" ? name : "\(domain)::\(name)"
  }

  private func isKnown(_ name: String) -> Bool {
    OnnxOperator.byName[name] != nil
      || model.functions.contains { Self.name($0.domain, $0.name) == name }
  }

  private func list(_ values: [OnnxValue]) -> String {
    values.map { "\($0.name): \(spelling($0))" }.joined(separator: ", ")
  }

  private func spelling(_ value: OnnxValue) -> String {
    guard let tensor = value.type?.tensor else { return "no tensor" }
    let element = OnnxElement(rawValue: tensor.element).map { "\($0)" } ?? "type \(tensor.element)"
    guard let shape = tensor.shape else { return element }
    let extents = shape.dimensions.map { $0.extent.map(String.init) ?? $0.symbol ?? "?" }
    return "\(element)[\(extents.joined(separator: ", "))]"
  }
}
