import RetortTensor
import RetortText

/// Prints a graph as one JSON object, for tools: inputs, outputs and nodes with their operations,
/// attributes, operands, results, types, origins and regions.
package struct JSONPrinter: Sendable {
  package init() {}

  package func text(_ graph: Graph) -> String {
    var fields: [(String, String)] = [("name", JSONText.quoted(graph.name))]
    fields.append(
      (
        "inputs",
        Self.list(
          graph.inputs.map { input in
            Self.object([
              ("name", JSONText.quoted(input.name)),
              ("value", JSONText.quoted(graph.name(of: input.value))),
              ("type", Self.type(graph.type(of: input.value))),
              ("role", JSONText.quoted(Self.word(input.role))),
            ])
          })
      ))
    fields.append(("nodes", nodes(graph.body, graph)))
    fields.append(
      (
        "outputs",
        Self.list(
          graph.outputs.map { output in
            Self.object([
              ("name", JSONText.quoted(output.name)),
              ("value", JSONText.quoted(graph.name(of: output.value))),
              ("type", Self.type(graph.type(of: output.value))),
              ("role", JSONText.quoted(output.role == .result ? "result" : "update")),
            ])
          })
      ))
    return Self.object(fields) + "\n"
  }

  private func nodes(_ block: Block, _ graph: Graph) -> String {
    Self.list(
      block.nodes.map { node in
        var fields: [(String, String)] = [
          ("op", JSONText.quoted(node.opName)),
          (
            "attributes",
            Self.object(node.op.attributeValues.map { ($0.name, Self.value($0.value)) })
          ),
          ("operands", Self.names(node.operands, graph)),
          ("results", Self.list(node.results.map { Self.binder($0, graph) })),
        ]
        if !node.annotations.isEmpty {
          fields.append(
            ("annotations", Self.object(node.annotations.map { ($0.name, Self.value($0.value)) })))
        }
        if !node.origin.description.isEmpty {
          fields.append(("origin", JSONText.quoted(node.origin.description)))
        }
        if let region = node.regions.first {
          fields.append(("arguments", Self.list(region.arguments.map { Self.binder($0, graph) })))
          fields.append(("body", nodes(region, graph)))
          fields.append(("yields", Self.names(region.results, graph)))
        }
        return Self.object(fields)
      })
  }

  private static func binder(_ value: Value, _ graph: Graph) -> String {
    object([
      ("name", JSONText.quoted(graph.name(of: value))), ("type", type(graph.type(of: value))),
    ])
  }

  private static func names(_ values: [Value], _ graph: Graph) -> String {
    list(values.map { JSONText.quoted(graph.name(of: $0)) })
  }

  private static func type(_ type: TensorType) -> String {
    object([
      ("element", JSONText.quoted(type.element.rawValue)),
      ("shape", list(type.shape.extents.map(String.init))),
    ])
  }

  private static func word(_ role: GraphInput.Role) -> String {
    switch role {
    case .input: "input"
    case .parameter: "parameter"
    case .buffer: "buffer"
    }
  }

  private static func value(_ value: AttributeValue) -> String {
    switch value {
    case .integer, .flag: value.description
    case .number(let number): Self.number(number)
    case .text(let text): JSONText.quoted(text)
    case .integers(let numbers): list(numbers.map(String.init))
    case .numbers(let numbers): list(numbers.map(Self.number))
    case .element(let element): JSONText.quoted(element.rawValue)
    }
  }

  /// JSON has no infinities and no NaN; they become texts.
  private static func number(_ value: Double) -> String {
    value.isFinite ? value.description : JSONText.quoted(AttributeValue.spelling(value))
  }

  private static func object(_ fields: [(String, String)]) -> String {
    "{" + fields.map { JSONText.quoted($0.0) + ": " + $0.1 }.joined(separator: ", ") + "}"
  }

  private static func list(_ items: [String]) -> String {
    "[" + items.joined(separator: ", ") + "]"
  }
}
