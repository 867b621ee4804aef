import RetortIR
import RetortTensor
import RetortText

/// Runs a graph node by node with the operations' references: what every other way of running a
/// graph is compared with.
///
/// Regions are run where they stand: `repeat` turn by turn, `prepare` and `fused` as if their nodes
/// stood in the block around them. A `gradient` node cannot be run.
package struct Interpreter: Sendable {
  /// What a run hands out.
  package struct Outcome: Sendable {
    /// By the results' names.
    package var outputs: [String: HostTensor] = [:]
    /// By the paths of the parameters and buffers that take the values.
    package var updates: [String: HostTensor] = [:]
  }

  /// Called with every value that a node produces, in the order of execution.
  package var probe: ProbeCallback?
  /// Stops at the first node that produces NaN or an infinity.
  package var checksFinite: Bool

  package init(checksFinite: Bool = false, probe: ProbeCallback? = nil) {
    self.checksFinite = checksFinite
    self.probe = probe
  }

  /// Runs the graph. `inputs` holds the arguments by name and the parameters and buffers by path;
  /// entries that the graph does not know are ignored.
  /// - Throws: where an input is missing or of another type, where a `gradient` is left, and what
  ///   `checksFinite` finds.
  package func run(
    _ graph: Graph, inputs: [String: HostTensor]
  ) throws(Diagnostics) -> Outcome {
    var run = InterpreterRun(graph: graph, options: self)
    for input in graph.inputs {
      let tensor = inputs[input.name]
      run[input.value] = try InputCheck.accept(tensor, for: input, of: graph)
    }
    try run.execute(graph.body.nodes, keeping: graph.body.results)
    var outcome = Outcome()
    for output in graph.outputs {
      switch output.role {
      case .result: outcome.outputs[output.name] = run[output.value]
      case .update: outcome.updates[output.name] = run[output.value]
      }
    }
    return outcome
  }
}

/// One run of the interpreter: the values that are alive.
private struct InterpreterRun {
  let graph: Graph
  let options: Interpreter
  var storage: [HostTensor?]
  /// The turns of the loops around the current node, outermost first.
  var turns: [Int] = []

  init(graph: Graph, options: Interpreter) {
    self.graph = graph
    self.options = options
    storage = [HostTensor?](repeating: nil, count: graph.values.count)
  }

  subscript(value: Value) -> HostTensor {
    get {
      guard let tensor = storage[value.id] else {
        preconditionFailure("\(graph.name(of: value)) is read after it was freed")
      }
      return tensor
    }
    set { storage[value.id] = newValue }
  }

  /// Runs nodes in order and frees what they defined as soon as nobody reads it any more.
  mutating func execute(_ nodes: [Node], keeping kept: [Value]) throws(Diagnostics) {
    let releases = Self.releases(nodes, keeping: kept)
    for (index, node) in nodes.enumerated() {
      try execute(node)
      for value in releases[index] { storage[value.id] = nil }
    }
  }

  /// For each node, the values defined by the nodes that it is the last to read.
  private static func releases(_ nodes: [Node], keeping kept: [Value]) -> [[Value]] {
    var last: [Value: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for value in node.results { last[value] = index }
      for value in node.reads where last[value] != nil { last[value] = index }
    }
    for value in kept { last[value] = nil }
    var releases = [[Value]](repeating: [], count: nodes.count)
    for node in nodes {
      for value in node.results {
        if let index = last[value] { releases[index].append(value) }
      }
    }
    return releases
  }

  private mutating func execute(_ node: Node) throws(Diagnostics) {
    switch node.op {
    case let op as any TensorOp: apply(op, node)
    case let loop as Repeat: try execute(loop, node)
    case is Gradient:
      throw Diagnostics(
        "'\(graph.name(of: node.results[0]))' is a gradient, which only a differentiated graph "
          + "can be run without", at: node.origin.range)
    default:
      let region = node.regions[0]
      try execute(region.nodes, keeping: region.results)
      for (result, value) in zip(node.results, region.results) { self[result] = self[value] }
    }
    try observe(node)
  }

  private mutating func apply(_ op: any TensorOp, _ node: Node) {
    let results = op.evaluate(node.operands.map { self[$0] }, node.results.map(graph.type))
    for (value, tensor) in zip(node.results, results) { self[value] = tensor }
  }

  private mutating func execute(_ loop: Repeat, _ node: Node) throws(Diagnostics) {
    let body = node.regions[0]
    var carried = node.operands.map { self[$0] }
    var collected = node.results.dropFirst(carried.count).map { value in
      HostTensor(zeros: graph.type(of: value))
    }
    for turn in 0..<loop.count {
      self[body.arguments[0]] = HostTensor(Int32(truncatingIfNeeded: loop.first + turn))
      for (argument, tensor) in zip(body.arguments.dropFirst(), carried) { self[argument] = tensor }
      turns.append(loop.first + turn)
      try execute(body.nodes, keeping: body.results)
      turns.removeLast()
      let yielded = body.results.map { self[$0] }
      carried = Array(yielded.prefix(carried.count))
      for (index, tensor) in yielded.dropFirst(carried.count).enumerated() {
        collected[index].withUnsafeMutableBytes { bytes in
          let start = turn * tensor.bytes.count
          UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + tensor.bytes.count])
            .copyBytes(from: tensor.bytes)
        }
      }
    }
    for (value, tensor) in zip(node.results, carried + collected) { self[value] = tensor }
  }

  private func observe(_ node: Node) throws(Diagnostics) {
    guard options.checksFinite || options.probe != nil else { return }
    for value in node.results {
      let tensor = self[value]
      options.probe?(
        Probe(name: graph.name(of: value), origin: node.origin, turns: turns, tensor: tensor))
      if options.checksFinite {
        try NonFinite.refuse(
          tensor, name: graph.name(of: value), opName: node.opName, origin: node.origin,
          turns: turns)
      }
    }
  }
}
