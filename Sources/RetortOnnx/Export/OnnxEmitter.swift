import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortText

/// An operation that can be said in ONNX. What is not, belongs to later stages than `simplified`.
protocol OnnxExportable: Op {
  /// Adds the nodes that compute `node`'s results.
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics)
}

/// Writes ONNX nodes for a graph's nodes, and keeps what its values are called.
///
/// ONNX broadcasts by itself. So a value that is a smaller one repeated keeps the smaller one's name
/// (`narrow`), which elementwise operations read, and is only written out where another asks for it.
struct OnnxEmitter {
  /// A tensor that becomes a value by broadcasting.
  struct Narrow {
    var name: String
    /// As ONNX has it, a key's words included.
    var extents: [Int]
  }

  let graph: Graph
  let unrollsLoops: Bool
  fileprivate(set) var nodes: [OnnxNode] = []
  private(set) var initializers: [OnnxTensor] = []
  private(set) var drawsRandomly = false
  /// Names of whole values.
  private var names: [Value: String] = [:]
  private var narrow: [Value: Narrow] = [:]
  /// What the innermost graph has added to `names`, to be forgotten when it ends.
  private var added: [[Value]] = []
  private var constants: [Constant: String] = [:]
  private var table = NameTable(separator: ".")
  /// Graph outputs whose values can have their names from the beginning.
  private var wanted: [Value: String] = [:]

  private struct Constant: Hashable {
    let element: Int64
    let extents: [Int64]
    let bytes: [UInt8]
  }

  init(_ graph: Graph, unrollsLoops: Bool) {
    self.graph = graph
    self.unrollsLoops = unrollsLoops
    let inputs = graph.inputs.map(\.name)
    table = NameTable(taken: inputs + graph.outputs.map(outputName), separator: ".")
    for input in graph.inputs { names[input.value] = input.name }
    let given = Set(graph.inputs.map(\.value))
    for output in graph.outputs
    where !given.contains(output.value) && wanted[output.value] == nil {
      wanted[output.value] = outputName(output)
    }
  }

  /// What an output is called. ONNX has one space of names: an updated weight stands beside the
  /// weight itself, and a result may be called like an input.
  func outputName(_ output: GraphOutput) -> String {
    if output.role == .update { return output.name + ".updated" }
    return graph.inputs.contains { $0.name == output.name } ? output.name + ".result" : output.name
  }

  func type(of value: Value) -> TensorType { graph.type(of: value) }
  func extents(of value: Value) -> [Int] { graph.type(of: value).onnxExtents }
  func rank(of value: Value) -> Int { graph.type(of: value).shape.rank }

  // MARK: walking

  mutating func emit(_ nodes: [Node]) throws(Diagnostics) {
    for node in nodes {
      guard let op = node.op as? any OnnxExportable else {
        throw Diagnostics(
          "'\(node.opName)' (\(node.origin)) cannot be said in ONNX",
          hint: "export the definition, not a graph of a stage behind 'simplified'")
      }
      try op.export(node, &self)
    }
  }

  // MARK: names

  /// A name that nothing else has, `stem` if it is free.
  mutating func fresh(_ stem: String) -> String { table.claim(stem) }

  private mutating func name(_ value: Value, _ name: String) {
    names[value] = name
    if !added.isEmpty { added[added.count - 1].append(value) }
  }

  /// The name of the value itself.
  mutating func whole(_ value: Value) -> String {
    if let name = names[value] { return name }
    guard let source = narrow[value] else { preconditionFailure("a value without a name") }
    let extents = extents(of: value)
    if source.extents == extents {
      name(value, source.name)
    } else {
      let name = add(
        "Expand", [source.name, integers(extents)], as: fresh(graph.name(of: value)))
      self.name(value, name)
    }
    return names[value]!
  }

  /// The name of something that broadcasts to the value.
  mutating func narrow(_ value: Value) -> Narrow {
    narrow[value] ?? Narrow(name: whole(value), extents: extents(of: value))
  }

  /// Names of operands of one shape that broadcast to it together.
  mutating func broadcasting(_ operands: [Value]) -> [String] {
    let forms = operands.map { narrow($0) }
    let target = Shape(extents(of: operands[0]))
    let common = forms.reduce(Shape([])) { Shape.broadcast($0, Shape($1.extents))! }
    if common == target { return forms.map(\.name) }
    return [whole(operands[0])] + forms.dropFirst().map(\.name)
  }

  // MARK: nodes

  /// Adds a node with one output and returns the output's name.
  @discardableResult
  mutating func add(
    _ opType: String, _ inputs: [String], _ attributes: [OnnxAttribute] = [],
    as output: String? = nil
  ) -> String {
    let name = output ?? fresh(opType.lowercased())
    nodes.append(
      OnnxNode(opType, name: name, inputs: inputs, outputs: [name], attributes: attributes))
    return name
  }

  mutating func append(_ node: OnnxNode) { nodes.append(node) }

  /// Adds the node that computes a value, which gets its own name.
  mutating func define(
    _ value: Value, _ opType: String, _ inputs: [String], _ attributes: [OnnxAttribute] = []
  ) {
    name(value, add(opType, inputs, attributes, as: outputName(of: value)))
  }

  /// Names the value by what a node already computes.
  mutating func define(_ value: Value, as computed: String) { name(value, computed) }

  /// A name for a node's output that is the value.
  mutating func outputName(of value: Value) -> String {
    // Only once: a loop that is written out computes its values again in each turn.
    if added.isEmpty, let name = wanted.removeValue(forKey: value) { return name }
    return fresh(graph.name(of: value))
  }

  /// The elements in another shape; −1 stands for what is left over.
  mutating func reshape(_ name: String, _ extents: [Int]) -> String {
    add("Reshape", [name, integers(extents)], Self.reshaping(extents))
  }

  /// Defines a value by another's elements in its own shape.
  mutating func define(_ value: Value, reshaping name: String) {
    let extents = extents(of: value)
    define(value, "Reshape", [name, integers(extents)], Self.reshaping(extents))
  }

  /// Extents of zero are to mean zero, not "as before".
  private static func reshaping(_ extents: [Int]) -> [OnnxAttribute] {
    extents.contains(0) ? [OnnxAttribute("allowzero", 1)] : []
  }

  /// Defines a value by another's elements in its own type.
  mutating func define(_ value: Value, castFrom name: String) {
    let element = OnnxElement(type(of: value).element).rawValue
    define(value, "Cast", [name], [OnnxAttribute("to", element)])
  }

  mutating func define(_ value: Value, broadcastFrom source: Narrow) { narrow[value] = source }

  /// Makes sure that a value of the outermost graph has the given name.
  mutating func finish(_ value: Value, as name: String) {
    let own = whole(value)
    if own != name { add("Identity", [own], as: name) }
  }

  // MARK: constants

  /// An initializer, the same for the same values.
  mutating func constant(_ tensor: HostTensor, _ stem: String = "constant") -> String {
    let stored = OnnxTensor("", tensor)
    let key = Constant(
      element: stored.element, extents: stored.extents, bytes: tensor.bytes)
    if let name = constants[key] { return name }
    let name = fresh(stem)
    initializers.append(OnnxTensor(name, tensor))
    constants[key] = name
    return name
  }

  /// A vector of `int64`: a shape, axes, bounds.
  mutating func integers(_ values: [Int]) -> String {
    constant(HostTensor([values.count], values.map(Int64.init)), "integers")
  }

  /// A scalar of an element type.
  mutating func scalar(_ value: Double, _ element: ElementType) -> String {
    constant(HostTensor([], [value]).converted(to: element), "scalar")
  }

  mutating func cast(_ name: String, to element: ElementType, as output: String? = nil) -> String {
    add("Cast", [name], [OnnxAttribute("to", OnnxElement(element).rawValue)], as: output)
  }

  // MARK: graphs within

  /// Runs `body` on a graph of its own and returns the nodes that it added; values that it named
  /// are forgotten.
  mutating func inner(
    _ body: (inout OnnxEmitter) throws(Diagnostics) -> Void
  ) throws(Diagnostics) -> [OnnxNode] {
    let outer = nodes
    nodes = []
    added.append([])
    try body(&self)
    for value in added.removeLast() { names[value] = nil }
    let result = nodes
    nodes = outer
    return result
  }

  /// Names a region's argument, or forgets how a value of an earlier turn was called.
  mutating func bind(_ value: Value, to name: String) {
    narrow[value] = nil
    self.name(value, name)
  }

  /// Forgets the values that a region defines, before it is written out again.
  mutating func forget(_ block: Block) {
    for node in block.nodes {
      for value in node.results {
        names[value] = nil
        narrow[value] = nil
      }
      node.regions.forEach { forget($0) }
    }
  }

  /// Notes that the model needs the random generator's function.
  mutating func useRandomness() { drawsRandomly = true }
}

extension OnnxEmitter {
  /// Defines a value by arithmetic on operands of an element type, whose last node gives the value.
  /// ONNX Runtime computes with `uint32` hardly anywhere: `compute` gets a function that widens such
  /// operands to `int64`, and of the result the low 32 bits are kept.
  mutating func defineArithmetic(
    _ value: Value, of element: ElementType,
    _ compute: (inout OnnxEmitter, (inout OnnxEmitter, String) -> String) -> String
  ) {
    let isWide = element == .u32
    let computed = compute(&self) { e, name in isWide ? e.cast(name, to: .i64) : name }
    if isWide, type(of: value).element == .u32 {
      define(value, castFrom: computed)
    } else {
      // Nothing has read it yet, so that it can still get the value's name.
      precondition(nodes.last?.outputs == [computed], "'\(computed)' was not added last")
      let name = outputName(of: value)
      nodes[nodes.count - 1].outputs = [name]
      nodes[nodes.count - 1].name = name
      define(value, as: name)
    }
  }
}
