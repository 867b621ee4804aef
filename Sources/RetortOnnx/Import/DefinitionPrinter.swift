import RetortIR
import RetortOps
import RetortTensor

/// Prints a graph as a person would write it: operators between their operands, numbers where they
/// are used, broadcasting left to the language, what repeats under parameters of another path a
/// graph of its own.
///
/// Where `Printer` prints what is there, this prints less that means the same: elaborating the text
/// gives the same results.
package struct DefinitionPrinter {
  private let graph: Graph
  private let inlining: Inlining
  private let outline: Outline

  package init(_ graph: Graph) {
    self.graph = graph
    inlining = Inlining(graph)
    outline = Outline(graph, inlining.statements(graph.body))
  }

  package var text: String {
    // The first graph of a file is the one that is meant.
    ([mainText] + outline.blocks.map(text)).joined(separator: "\n")
  }

  private var mainText: String {
    let arguments = graph.inputs.filter { $0.role == .input }
      .map { "\($0.name): \(graph.type(of: $0.value))" }
    let results = graph.outputs.filter { $0.role == .result }
      .map { "\($0.name): \(graph.type(of: $0.value))" }
    var lines = [
      "graph \(graph.name)(\(arguments.joined(separator: ", ")))"
        + " -> (\(results.joined(separator: ", "))) {"
    ]
    for input in graph.inputs where input.role.isWeight && !outline.weights.contains(input.name) {
      lines.append("  " + Printer().declaration(input, graph))
    }
    for item in outline.items {
      switch item {
      case .statement(let statement): lines += self.lines(statement, depth: 1, graph.name(of:))
      case .call(let call):
        let arguments = call.arguments.map(graph.name(of:)).joined(separator: ", ")
        lines.append(
          "  \(graph.name(of: call.result)) = \(call.block)(\(arguments))"
            + " as \(AttributeValue.quoted(call.prefix))")
      }
    }
    lines.append("  return " + graph.body.results.map(graph.name(of:)).joined(separator: ", "))
    return lines.joined(separator: "\n") + "\n}\n"
  }

  /// A graph that several places call.
  private func text(_ block: OutlinedBlock) -> String {
    let names = block.names
    let arguments = block.arguments.map { "\(names[$0]!): \(graph.type(of: $0))" }
    var lines = [
      "// Called \(block.callCount) times.",
      "graph \(block.name)(\(arguments.joined(separator: ", ")))"
        + " -> \(graph.type(of: block.result)) {",
    ]
    for weight in block.weights {
      var input = weight.input
      input.name = weight.path
      let declaration = Printer().declaration(input, graph)
      // The printer names a weight as the whole graph does.
      let own = graph.name(of: input.value)
      lines.append(
        "  "
          + declaration.replacing(
            " \(own): ", with: " \(names[input.value]!): ", maxReplacements: 1))
    }
    for statement in block.statements {
      lines += self.lines(statement, depth: 1) { names[$0] ?? graph.name(of: $0) }
    }
    return lines.joined(separator: "\n") + "\n  return \(names[block.result]!)\n}\n"
  }

  private func lines(
    _ statement: PrintedStatement, depth: Int, _ name: (Value) -> String
  ) -> [String] {
    let indent = String(repeating: "  ", count: depth)
    let left = statement.results.map(name).joined(separator: ", ") + " = "
    let head = indent + left + statement.pieces.map { $0.text(name) }.joined()
    guard let body = statement.body else { return [head] }
    return [head + " {"] + body.flatMap { lines($0, depth: depth + 1, name) }
      + [
        indent + "  " + statement.yielded.map { $0.text(name) }.joined(), indent + "}",
      ]
  }
}

/// A line of a definition, with the values that it names.
struct PrintedStatement {
  /// A part of a line.
  enum Piece {
    case text(String)
    case value(Value)

    func text(_ name: (Value) -> String) -> String {
      switch self {
      case .text(let text): text
      case .value(let value): name(value)
      }
    }
  }

  let results: [Value]
  let pieces: [Piece]
  /// The lines of a loop.
  var body: [PrintedStatement]?
  var yielded: [Piece] = []
}

/// What a definition need not write out.
struct Inlining {
  private let graph: Graph
  /// Values that something reads by their names.
  private var named: Set<Value> = []
  /// How often a value is read.
  private var readerCounts: [Value: Int] = [:]
  private let weights: Set<Value>
  /// The node that makes a value.
  private var makers: [Value: Node] = [:]

  init(_ graph: Graph) {
    self.graph = graph
    weights = Set(graph.inputs.filter(\.role.isWeight).map(\.value))
    graph.forEachNode { node in
      for result in node.results { makers[result] = node }
      for operand in node.operands { readerCounts[operand, default: 0] += 1 }
    }
    markNamed(graph.body)
  }

  private mutating func markNamed(_ block: Block) {
    for node in block.nodes {
      let left = inlined(node)
      for (index, operand) in node.operands.enumerated() {
        switch left[index] {
        case .number: break
        case .source(let source): if !isView(source) { named.insert(source) }
        case nil: if !isView(operand) { named.insert(operand) }
        }
      }
      node.regions.forEach { markNamed($0) }
    }
    named.formUnion(block.results)
  }

  /// Whether a value is a weight under another shape that is read once, by a node: it is written
  /// where it is read.
  private func isView(_ value: Value) -> Bool {
    guard let maker = makers[value], maker.op is Reshape, readerCounts[value] == 1 else {
      return false
    }
    return weights.contains(maker.operands[0]) && !graph.body.results.contains(value)
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
      // Of `select` the condition's type says nothing about a number.
      // Nor has the least integer a spelling: it is a minus before a number past the largest.
      case let fill as Fill
      where !(op is Select) && fill.type.isNumber
        && (fill.type.isReal || fill.value > Double(Int64.min)):
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
    guard isTensor.contains(true), shape == graph.type(of: node.operands[0]).shape else {
      return none
    }
    return result
  }

  // MARK: statements

  func statements(_ block: Block) -> [PrintedStatement] {
    block.nodes.compactMap { node in
      let isInlined = node.op is Fill || node.op is Broadcast || isView(node.results[0])
      if isInlined, !named.contains(node.results[0]) { return nil }
      guard let loop = node.op as? Repeat else {
        return PrintedStatement(results: node.results, pieces: expression(node))
      }
      return PrintedStatement(
        results: node.results, pieces: header(loop, node), body: statements(node.regions[0]),
        yielded: yield(node))
    }
  }

  private func header(_ loop: Repeat, _ node: Node) -> [PrintedStatement.Piece] {
    let body = node.regions[0]
    var pieces: [PrintedStatement.Piece] = [
      .text("repeat "), .value(body.arguments[0]),
      .text(" in \(loop.first)..<\(loop.first + loop.count)"),
    ]
    for (index, (inner, start)) in zip(body.arguments.dropFirst(), node.operands).enumerated() {
      pieces += [
        .text(index == 0 ? " with " : ", "), .value(inner), .text(" = "), .value(start),
      ]
    }
    return pieces
  }

  private func yield(_ node: Node) -> [PrintedStatement.Piece] {
    let values = node.regions[0].results
    let count = node.operands.count
    return [.text("yield ")] + list(Array(values.prefix(count)).map { [.value($0)] })
      + (values.count > count ? [.text(" collect ")] : [])
      + list(Array(values.dropFirst(count)).map { [.value($0)] })
  }

  private func list(_ items: [[PrintedStatement.Piece]]) -> [PrintedStatement.Piece] {
    Array(items.joined(separator: [.text(", ")]))
  }

  private func spelling(_ value: Value) -> [PrintedStatement.Piece] {
    isView(value) && !named.contains(value) ? expression(makers[value]!) : [.value(value)]
  }

  private func expression(_ node: Node) -> [PrintedStatement.Piece] {
    let operands = zip(node.operands, inlined(node)).map {
      (operand, inlined) -> [PrintedStatement.Piece] in
      switch inlined {
      case .number(let text): [.text(text)]
      case .source(let source): spelling(source)
      case nil: spelling(operand)
      }
    }
    if let symbol = Self.symbols[node.opName] {
      return operands[0] + [.text(" \(symbol) ")] + operands[1]
    }
    if node.op is Neg { return [.text("-")] + operands[0] }
    let attributes = node.op.spelledAttributes.map {
      [PrintedStatement.Piece.text("\($0.name): \($0.value)")]
    }
    return [.text(node.opName + "(")] + list(operands + attributes) + [.text(")")]
  }

  /// Operations that are written between their operands.
  private static let symbols: [String: String] = [
    Add.name: "+", Sub.name: "-", Mul.name: "*", Div.name: "/", Less.name: "<",
    LessEqual.name: "<=", Greater.name: ">", GreaterEqual.name: ">=", Equal.name: "==",
    NotEqual.name: "!=", And.name: "&&", Or.name: "||",
  ]
}
