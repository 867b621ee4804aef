import RetortIR
import RetortOps
import RetortTensor

/// Prints a graph as a person would write it: operators between their operands, numbers where they
/// are used, broadcasting left to the language.
///
/// Where `Printer` prints what is there, this prints less that means the same: elaborating the text
/// gives the same results.
package struct DefinitionPrinter {
  private let graph: Graph
  /// Values that something reads by their names.
  private var named: Set<Value> = []
  /// The node that makes a value.
  private var makers: [Value: Node] = [:]

  package init(_ graph: Graph) {
    self.graph = graph
    graph.forEachNode { node in
      for result in node.results { makers[result] = node }
    }
    markNamed(graph.body)
  }

  package var text: String {
    let arguments = graph.inputs.filter { $0.role == .input }
      .map { "\($0.name): \(graph.type(of: $0.value))" }
    let results = graph.outputs.filter { $0.role == .result }
      .map { "\($0.name): \(graph.type(of: $0.value))" }
    var lines = [
      "graph \(graph.name)(\(arguments.joined(separator: ", ")))"
        + " -> (\(results.joined(separator: ", "))) {"
    ]
    for input in graph.inputs where input.role.isWeight {
      lines.append("  " + Printer().declaration(input, graph))
    }
    lines += statements(graph.body, depth: 1)
    lines.append("  return " + graph.body.results.map(graph.name(of:)).joined(separator: ", "))
    return lines.joined(separator: "\n") + "\n}\n"
  }

  // MARK: what need not be written

  private mutating func markNamed(_ block: Block) {
    for node in block.nodes {
      let left = inlined(node)
      for (index, operand) in node.operands.enumerated() {
        switch left[index] {
        case .number: break
        case .source(let source): named.insert(source)
        case nil: named.insert(operand)
        }
      }
      node.regions.forEach { markNamed($0) }
    }
    named.formUnion(block.results)
  }

  /// What stands for an operand in place of its name.
  private enum Inlined {
    case number(String)
    /// What the operand repeats along axes.
    case source(Value)
  }

  /// For each operand of a node what is written in its place; nil for its own name. The language
  /// broadcasts to the same shape, and gives numbers the type of what they meet.
  private func inlined(_ node: Node) -> [Inlined?] {
    let none = node.operands.map { _ in Inlined?.none }
    guard let op = node.op as? any TensorOp, type(of: op).broadcastsOperands,
      node.operands.count > 1
    else { return none }
    var result = none
    var shape = Shape([])
    for (index, operand) in node.operands.enumerated() {
      var own = graph.type(of: operand).shape
      switch makers[operand]?.op {
      case let fill as Fill where takesNumbers(op) && fill.type.isNumber:
        result[index] = .number(
          fill.type.isReal ? AttributeValue.spelling(fill.value) : "\(Int(fill.value))")
        own = []
      case is Broadcast:
        let source = makers[operand]!.operands[0]
        result[index] = .source(source)
        own = graph.type(of: source).shape
      default: break
      }
      guard let next = Shape.broadcast(shape, own) else { return none }
      shape = next
    }
    let isTensor = result.map { if case .number = $0 { false } else { true } }
    // A number takes the type of what is before it, or else of what follows.
    guard isTensor.contains(true), shape == graph.type(of: node.operands[0]).shape else {
      return none
    }
    return result
  }

  /// Of `select` the condition's type says nothing about a number.
  private func takesNumbers(_ op: any TensorOp) -> Bool { !(op is Select) }

  // MARK: statements

  private func statements(_ block: Block, depth: Int) -> [String] {
    let indent = String(repeating: "  ", count: depth)
    var lines: [String] = []
    for node in block.nodes {
      let isInlined = node.op is Fill || node.op is Broadcast
      if isInlined, !named.contains(node.results[0]) { continue }
      let left = node.results.map(graph.name(of:)).joined(separator: ", ") + " = "
      if let loop = node.op as? Repeat {
        lines.append(indent + left + header(loop, node) + " {")
        lines += statements(node.regions[0], depth: depth + 1)
        lines.append(indent + "  " + yield(node))
        lines.append(indent + "}")
      } else {
        lines.append(indent + left + expression(node))
      }
    }
    return lines
  }

  private func header(_ loop: Repeat, _ node: Node) -> String {
    let body = node.regions[0]
    let carried = zip(body.arguments.dropFirst(), node.operands).map {
      "\(graph.name(of: $0)) = \(graph.name(of: $1))"
    }
    return
      "repeat \(graph.name(of: body.arguments[0])) in \(loop.first)..<\(loop.first + loop.count)"
      + (carried.isEmpty ? "" : " with " + carried.joined(separator: ", "))
  }

  private func yield(_ node: Node) -> String {
    let names = node.regions[0].results.map(graph.name(of:))
    let count = node.operands.count
    return "yield " + names.prefix(count).joined(separator: ", ")
      + (names.count > count ? " collect " + names.dropFirst(count).joined(separator: ", ") : "")
  }

  private func expression(_ node: Node) -> String {
    let operands = zip(node.operands, inlined(node)).map { operand, inlined in
      switch inlined {
      case .number(let text): text
      case .source(let source): graph.name(of: source)
      case nil: graph.name(of: operand)
      }
    }
    if let symbol = Self.symbols[node.opName] {
      return "\(operands[0]) \(symbol) \(operands[1])"
    }
    if node.op is Neg { return "-" + operands[0] }
    let attributes = node.op.spelledAttributes.map { "\($0.name): \($0.value)" }
    return "\(node.opName)(\((operands + attributes).joined(separator: ", ")))"
  }

  /// Operations that are written between their operands.
  private static let symbols: [String: String] = [
    Add.name: "+", Sub.name: "-", Mul.name: "*", Div.name: "/", Less.name: "<",
    LessEqual.name: "<=", Greater.name: ">", GreaterEqual.name: ">=", Equal.name: "==",
    NotEqual.name: "!=", And.name: "&&", Or.name: "||",
  ]
}
