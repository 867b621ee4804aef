import RetortIR
import RetortTensor

/// Walks a graph and changes it node by node. Unlike a `GraphRewriter` it keeps what does not
/// change as it is, value numbers and names included, so that a pass costs what it changes.
///
/// Nodes are handed to the pass after their operands were replaced and their regions walked.
struct GraphEditor {
  /// The graph being edited. Its body is the old one until the walk ends; its values grow.
  private(set) var graph: Graph
  /// What each value of the old graph has become.
  private var images: [Value]
  private var definitions: [Node?]
  private var open: [[Node]] = []
  /// Made when the first value is added. Not lazy: each change of a lazy property copies it.
  private var names: NameTable?
  /// Replaced values whose names went to others than their images.
  private var bequeathed: Set<Value> = []
  /// Given to every node that is added.
  private(set) var origin = Origin()

  /// Decides about a node: values that take the place of its results, or nil to keep it.
  typealias Transform = (inout GraphEditor, Node) throws -> [Value]?

  init(_ graph: Graph) {
    self.graph = graph
    images = graph.values.indices.map { Value(id: $0) }
    definitions = [Node?](repeating: nil, count: graph.values.count)
  }

  static func edit(_ graph: Graph, _ transform: Transform) rethrows -> Graph {
    var editor = GraphEditor(graph)
    let body = try editor.walk(graph.body, transform)
    return editor.graph.with(body)
  }

  /// A block with its nodes transformed.
  mutating func walk(_ block: Block, _ transform: Transform) rethrows -> Block {
    open.append([])
    open[open.count - 1].reserveCapacity(block.nodes.count)
    for node in block.nodes { try visit(node, transform) }
    let nodes = open.removeLast()
    return Block(
      arguments: block.arguments, nodes: nodes, results: block.results.map { self[$0] })
  }

  private mutating func visit(_ old: Node, _ transform: Transform) rethrows {
    var node = old
    if node.operands.contains(where: { images[$0.id] != $0 }) {
      node.operands = node.operands.map { images[$0.id] }
    }
    if !node.regions.isEmpty {
      var regions: [Block] = []
      for region in node.regions { regions.append(try walk(region, transform)) }
      node.regions = regions
    }
    let outer = origin
    origin = node.origin
    let mark = graph.values.count
    if let replacement = try transform(&self, node) {
      replace(node.results, by: replacement, newFrom: mark)
    } else {
      append(node)
    }
    origin = outer
  }

  /// What was made to take a value's place takes its name too.
  private mutating func replace(_ results: [Value], by others: [Value], newFrom mark: Int) {
    for (old, new) in zip(results, others) {
      images[old.id] = new
      if new.id >= mark, !bequeathed.contains(old) {
        graph.values[new.id].name = graph.values[old.id].name
      }
    }
  }

  // MARK: looking

  /// What an old value has become.
  subscript(value: Value) -> Value { images[value.id] }

  /// The node that defines a value; nil for arguments.
  func definition(of value: Value) -> Node? { definitions[value.id] }

  func type(of value: Value) -> TensorType { graph.values[value.id].type }
  func shape(of value: Value) -> Shape { graph.values[value.id].type.shape }

  // MARK: adding

  /// Adds a node as it is.
  mutating func append(_ node: Node) {
    open[open.count - 1].append(node)
    for result in node.results { definitions[result.id] = node }
  }

  /// Adds an operation with one result, whose operands are known to fit.
  ///
  /// - Parameter origin: by default that of the node that is being rewritten.
  mutating func add(
    _ op: any Op, _ operands: [Value], name: String? = nil, origin: Origin? = nil
  ) -> Value {
    let types: [TensorType]
    do {
      types = try op.resultTypes(
        operands.map(type), regions: [], type: { [graph] in graph.type(of: $0) })
    } catch {
      preconditionFailure("\(op.signature): \(error.message) [\(error.label)]")
    }
    precondition(types.count == 1, "\(op.signature) has \(types.count) results")
    let result = newValue(types[0], name: name ?? Swift.type(of: op).name)
    append(Node(op: op, operands: operands, results: [result], origin: origin ?? self.origin))
    return result
  }

  /// Gives the name of a value that is being replaced to `heir`, which need not be its image: the
  /// user's word then stays with what is computed, not with another view of it.
  mutating func bequeath(nameOf old: Value, to heir: Value) {
    bequeathed.insert(old)
    graph.values[heir.id].name = graph.values[old.id].name
  }

  /// Gives a value that nothing defines yet another type.
  mutating func retype(_ value: Value, _ type: TensorType) { graph.values[value.id].type = type }

  /// A value that nothing defines yet, under a name that is free.
  mutating func newValue(_ type: TensorType, name: String) -> Value {
    if names == nil { names = NameTable(taken: graph.values.map(\.name)) }
    let free = names!.claim(value: name)
    graph.values.append(ValueInfo(type: type, name: free))
    let value = Value(id: graph.values.count - 1)
    images.append(value)
    definitions.append(nil)
    return value
  }
}

extension Graph {
  /// The graph with another body, whose results are the outputs.
  func with(_ body: Block) -> Graph {
    var result = self
    result.body = body
    result.outputs = zip(outputs, body.results).map {
      GraphOutput(value: $1, name: $0.name, role: $0.role)
    }
    return result
  }
}
