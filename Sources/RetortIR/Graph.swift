import RetortTensor

/// A value of one graph: the result of a node or an argument of a block. Numbers are the graph's
/// own; values of two graphs must not be mixed.
package struct Value: Hashable, Sendable {
  package let id: Int

  package init(id: Int) { self.id = id }
}

/// What is known of a value.
package struct ValueInfo: Sendable {
  package var type: TensorType
  /// Unique in a finished graph.
  package var name: String

  package init(type: TensorType, name: String) {
    self.type = type
    self.name = name
  }
}

/// Something that a pass recorded about a node, `@(algorithm: "im2col")`. It changes how a node is
/// run, never what it means.
package struct Annotation: Hashable, Sendable {
  package var name: String
  package var value: AttributeValue

  package init(_ name: String, _ value: AttributeValue) {
    self.name = name
    self.value = value
  }
}

/// One operation applied to values. Regions see every value that is defined before the node.
package struct Node: Sendable {
  package var op: any Op
  package var operands: [Value]
  package var results: [Value]
  package var regions: [Block]
  package var origin: Origin
  package var annotations: [Annotation]

  package init(
    op: any Op, operands: [Value], results: [Value], regions: [Block] = [],
    origin: Origin = Origin(), annotations: [Annotation] = []
  ) {
    self.op = op
    self.operands = operands
    self.results = results
    self.regions = regions
    self.origin = origin
    self.annotations = annotations
  }

  package func annotation(_ name: String) -> AttributeValue? {
    annotations.first { $0.name == name }?.value
  }

  package var opName: String { type(of: op).name }
}

/// Nodes in an order in which every value is defined before it is used.
package struct Block: Sendable {
  package var arguments: [Value]
  package var nodes: [Node]
  package var results: [Value]

  package init(arguments: [Value] = [], nodes: [Node] = [], results: [Value] = []) {
    self.arguments = arguments
    self.nodes = nodes
    self.results = results
  }
}

extension Block {
  /// Number of nodes, those in regions included. Looks at nodes where they lie: copying one costs
  /// more than counting it.
  package var nodeCount: Int {
    nodes.indices.reduce(nodes.count) { count, index in
      nodes[index].regions.isEmpty
        ? count : nodes[index].regions.reduce(count) { $0 + $1.nodeCount }
    }
  }
}

/// How a parameter or buffer is filled when no weights are given and training starts.
package enum Initialiser: Hashable, Sendable {
  case fill(Double)
  /// Mean 0 and this standard deviation.
  case normal(Double)
  /// Between minus and plus this bound.
  case uniform(Double)
}

/// A tensor that comes from outside.
package struct GraphInput: Sendable {
  package enum Role: Hashable, Sendable {
    case input
    /// Learned; its name is the key in weight files.
    case parameter(Initialiser?)
    /// Kept with the weights but not learned.
    case buffer(Initialiser?)

    /// Whether the tensor belongs to the weights.
    package var isWeight: Bool { self != .input }
  }

  package var value: Value
  /// The argument's name, or the parameter's path (`layer1.0.conv1.weight`).
  package var name: String
  package var role: Role

  package init(value: Value, name: String, role: Role) {
    self.value = value
    self.name = name
    self.role = role
  }
}

/// A tensor that a run hands out or writes back.
package struct GraphOutput: Sendable {
  package enum Role: Hashable, Sendable {
    case result
    /// After the run the parameter or buffer of the output's name holds the value.
    case update
  }

  package var value: Value
  /// The result's name, or the updated parameter's path.
  package var name: String
  package var role: Role

  package init(value: Value, name: String, role: Role = .result) {
    self.value = value
    self.name = name
    self.role = role
  }
}

/// A function over tensors in static single assignment form. A value of its own: passes make new
/// graphs and never change one that someone else may hold.
package struct Graph: Sendable {
  package var name: String
  /// Arguments, then parameters and buffers, in the order of their declaration.
  package var inputs: [GraphInput]
  package var outputs: [GraphOutput]
  /// The body's arguments are the inputs' values, its results the outputs' values.
  package var body: Block
  /// Indexed by a value's number.
  package var values: [ValueInfo]

  package init(
    name: String, inputs: [GraphInput], outputs: [GraphOutput], body: Block, values: [ValueInfo]
  ) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.body = body
    self.values = values
  }

  package func type(of value: Value) -> TensorType { values[value.id].type }
  package func name(of value: Value) -> String { values[value.id].name }

  /// Every node, outer before inner, in order.
  package func forEachNode(_ body: (Node) throws -> Void) rethrows {
    func visit(_ block: Block) throws {
      for node in block.nodes {
        try body(node)
        for region in node.regions { try visit(region) }
      }
    }
    try visit(self.body)
  }

  /// Number of nodes, those in regions included.
  package var nodeCount: Int { body.nodeCount }

  /// Names of the parameters and buffers that a run writes back.
  package var updatedWeights: Set<String> {
    Set(outputs.filter { $0.role == .update }.map(\.name))
  }
}

extension Node {
  /// What the node reads of its own block and of enclosing ones: operands, then captures.
  package var reads: [Value] { regions.isEmpty ? operands : operands + captures }

  /// The values of enclosing blocks that the node's regions read, in order of first use, each once.
  package var captures: [Value] {
    if regions.isEmpty { return [] }
    var defined = Set<Value>()
    var seen = Set<Value>()
    var captured: [Value] = []
    func use(_ value: Value) {
      if !defined.contains(value), seen.insert(value).inserted { captured.append(value) }
    }
    func visit(_ block: Block) {
      defined.formUnion(block.arguments)
      for node in block.nodes {
        node.operands.forEach(use)
        node.regions.forEach(visit)
        defined.formUnion(node.results)
      }
      block.results.forEach(use)
    }
    regions.forEach(visit)
    return captured
  }
}
