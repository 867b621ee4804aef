import RetortText
import RetortTensor

/// Makes a graph node by node; types are inferred and checked while adding.
///
/// Operations add their own spelling in extensions (`b.relu(x)`), which passes, gradient rules and
/// tests share.
package struct GraphBuilder: Sendable {
  private struct OpenBlock {
    var arguments: [Value]
    var nodes: [Node] = []
  }

  package let name: String
  /// Given to every node that is added from now on.
  package var origin = Origin()
  private var values: [ValueInfo] = []
  private var inputs: [GraphInput] = []
  private var open: [OpenBlock] = [OpenBlock(arguments: [])]

  package init(name: String) { self.name = name }

  package func type(of value: Value) -> TensorType { values[value.id].type }
  package func shape(of value: Value) -> Shape { values[value.id].type.shape }
  package func name(of value: Value) -> String { values[value.id].name }

  /// Gives a value another name; a clash with an earlier one is resolved by `finish`.
  package mutating func rename(_ value: Value, to name: String) { values[value.id].name = name }

  /// Declares a tensor that comes from outside. `name` is the argument's name or the parameter's path.
  package mutating func input(
    _ name: String, _ type: TensorType, role: GraphInput.Role = .input
  ) -> Value {
    let value = newValue(type, name: Self.identifier(name))
    inputs.append(GraphInput(value: value, name: name, role: role))
    return value
  }

  /// Adds a node to the innermost open block.
  package mutating func append(
    _ op: any Op, _ operands: [Value], regions: [Block] = [], names: [String] = [],
    annotations: [Annotation] = []
  ) throws(Violation) -> [Value] {
    let types = try op.resultTypes(
      operands.map { type(of: $0) }, regions: regions, type: { [values] in values[$0.id].type })
    let fallback = Swift.type(of: op).name
    let results = types.enumerated().map { index, type in
      newValue(type, name: index < names.count ? names[index] : fallback)
    }
    open[open.count - 1].nodes.append(
      Node(
        op: op, operands: operands, results: results, regions: regions, origin: origin,
        annotations: annotations))
    return results
  }

  /// Adds a node whose operands are known to fit: for gradient rules and passes. A violation there
  /// is Retort's own fault.
  package mutating func add(
    _ op: any Op, _ operands: [Value], name: String? = nil
  ) -> Value {
    addAll(op, operands, names: name.map { [$0] } ?? [])[0]
  }

  /// As `add`, for operations with several results.
  package mutating func addAll(
    _ op: any Op, _ operands: [Value], regions: [Block] = [], names: [String] = []
  ) -> [Value] {
    do {
      return try append(op, operands, regions: regions, names: names)
    } catch {
      let types = operands.map { type(of: $0).description }.joined(separator: ", ")
      preconditionFailure(
        "\(op.signature) on \(types): \(error.message) [\(error.label)], \(origin.description)")
    }
  }

  /// Starts a region; nodes go into it until `closeBlock`.
  package mutating func openBlock(arguments: [(name: String, type: TensorType)] = []) -> [Value] {
    let values = arguments.map { newValue($0.type, name: $0.name) }
    open.append(OpenBlock(arguments: values))
    return values
  }

  package mutating func closeBlock(results: [Value]) -> Block {
    precondition(open.count > 1, "no region is open")
    let block = open.removeLast()
    return Block(arguments: block.arguments, nodes: block.nodes, results: results)
  }

  /// The node that was added last to the innermost open block.
  package var lastNode: Node? { open[open.count - 1].nodes.last }

  /// Records something about the node that was added last.
  package mutating func annotateLastNode(_ annotations: [Annotation]) {
    let block = open.count - 1
    let node = open[block].nodes.count - 1
    precondition(node >= 0, "there is no node yet")
    open[block].nodes[node].annotations += annotations
  }

  /// How many values there are so far; later ones have this or a higher number.
  package var valueCount: Int { values.count }

  /// The graph, with every name made unique.
  package func finish(outputs: [GraphOutput]) -> Graph {
    precondition(open.count == 1, "a region is still open")
    let body = Block(
      arguments: inputs.map(\.value), nodes: open[0].nodes, results: outputs.map(\.value))
    var graph = Graph(name: name, inputs: inputs, outputs: outputs, body: body, values: values)
    graph.makeNamesUnique()
    return graph
  }

  private mutating func newValue(_ type: TensorType, name: String) -> Value {
    values.append(ValueInfo(type: type, name: name))
    return Value(id: values.count - 1)
  }

  /// A path as an identifier: `layer1.0.conv1.weight` → `layer1_0_conv1_weight`.
  package static func identifier(_ path: String) -> String {
    var text = ""
    for character in path.unicodeScalars {
      let isWord =
        character == "_" || ("a"..."z").contains(character) || ("A"..."Z").contains(character)
        || ("0"..."9").contains(character)
      text.unicodeScalars.append(isWord ? character : "_")
    }
    if text.isEmpty || ("0"..."9").contains(text.unicodeScalars.first!) { text = "_" + text }
    return text
  }
}

extension Graph {
  /// Appends `_1`, `_2`, … where a name was taken before, in the order of definition.
  mutating func makeNamesUnique() {
    var names = NameTable()
    var infos = values
    func claim(_ value: Value) {
      infos[value.id].name = names.claim(value: infos[value.id].name)
    }
    func visit(_ block: Block) {
      block.arguments.forEach(claim)
      for node in block.nodes {
        node.regions.forEach(visit)
        node.results.forEach(claim)
      }
    }
    visit(body)
    values = infos
  }
}

/// The words of the language that cannot name a value. `key` can: types and values never stand in
/// the same place.
package enum Keyword: String, CaseIterable, Sendable {
  case graph, `import`, parameter, buffer, update, `repeat`, `in`, with, collect, yield, `return`
  case `if`, `else`, `for`, `as`, `init`, `true`, `false`, prepare, fused, require, inf, nan

  package static func isReserved(_ word: String) -> Bool {
    Keyword(rawValue: word) != nil
      || word != ElementType.key.rawValue && ElementType(rawValue: word) != nil
  }

  /// The word, with an underscore behind it if it is reserved.
  package static func avoiding(_ word: String) -> String { isReserved(word) ? word + "_" : word }
}
