import RetortFormats
import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortText

/// Walks a model's nodes and builds the graph.
final class GraphImporter {
  /// Nodes that are looked at, those of functions once a call: functions that call each other could
  /// multiply without end.
  private static let nodeLimit = 100_000
  private static let depthLimit = 32

  let path: String
  let model: OnnxModel
  /// The version of each set of operators that the model names, by domain; ONNX's own is "".
  let opsets: [String: Int64]
  /// The graph so far.
  var state: State
  let externalData: ExternalData
  private let functions: [FunctionKey: OnnxFunction]
  /// Whether a node asked for a shape or a condition that is not known, or a loop carried two: of a
  /// loop, a reason to write each turn out.
  var failedOnShape = false
  private var nodeCount = 0
  /// The functions being inlined, outermost first.
  private var calls: [FunctionKey] = []

  /// What is built so far: a value, so that what was tried in vain can be taken back.
  struct State {
    var builder: GraphBuilder
    /// Weights that the graph declares, in order.
    var declaredWeights: [(name: String, tensor: HostTensor)] = []
    /// The values of the declared weights, and their places in that list.
    var weightPlaces: [String: Int] = [:]
    var weightValues: [Value] = []
    /// Elements of tables that are not the model's own, among them or on the way.
    var tableElements = 0
    /// What the graph's inputs are called, which no weight may be.
    var inputNames: Set<String> = []
    var declaredValues: Set<Value> = []
    /// What values are that depend on small weights alone.
    var remembered: [Value: HostTensor] = [:]
  }

  private struct FunctionKey: Hashable {
    let domain: String
    let name: String
    let overload: String
  }

  init(_ model: OnnxModel, path: String) throws(Diagnostics) {
    self.model = model
    self.path = path
    externalData = ExternalData(besides: path)
    opsets = Self.table(model.opsets)
    let name = model.graph!.name
    state = State(
      builder: GraphBuilder(name: OnnxNames.identifier(name.isEmpty ? "model" : name)))
    var functions: [FunctionKey: OnnxFunction] = [:]
    for function in model.functions {
      let key = FunctionKey(
        domain: Self.domain(function.domain), name: function.name, overload: function.overload)
      guard functions.updateValue(function, forKey: key) == nil else {
        throw Diagnostics("defines the function '\(function.name)' twice", path: path)
      }
    }
    self.functions = functions
    try checkVersion()
  }

  /// `ai.onnx` is another spelling of the empty domain.
  private static func domain(_ name: String) -> String { name == "ai.onnx" ? "" : name }

  private static func table(_ opsets: [OnnxOpset]) -> [String: Int64] {
    var table: [String: Int64] = [:]
    for opset in opsets { table[domain(opset.domain)] = opset.version }
    return table
  }

  private func checkVersion() throws(Diagnostics) {
    let read = OnnxOperators.importedOpsets
    guard let version = opsets[""], !read.contains(version) else { return }
    throw Diagnostics(
      "is written in opset \(version), but \(read.lowerBound) to \(read.upperBound) are read",
      path: path, hint: Self.conversionHint)
  }

  private static let conversionHint =
    "export it in one of those, or convert it with onnx.version_converter"

  // MARK: the model's graph

  func run(
    settings: [String: String], inputTypes: [String: TensorType]
  ) throws(Diagnostics) -> Graph {
    let graph = model.graph!
    let scope = ImportScope()
    guard graph.sparseInitializers.isEmpty else {
      throw Diagnostics("has sparse initializers, which are not read", path: path)
    }
    let inputs = model.arguments
    let binding = try InputBinding(inputs, path: path)
    let types = try binding.types(settings, inputTypes)
    let names = binding.names
    state.inputNames = Set(names)
    for (name, (input, type)) in zip(names, zip(inputs, types)) {
      try define(input.name, .value(state.builder.input(name, type)), scope, by: "an input")
    }
    try addInitializers(graph, to: scope)
    try addNodes(graph.nodes, opsets: opsets, scope)
    var outputs: [GraphOutput] = []
    var outputNames = NameTable()
    for output in graph.outputs {
      guard let operand = scope[output.name] else {
        throw Diagnostics(
          "gives '\(output.name)' out, which no node makes", path: path,
          hint: Suggestion.hint(for: output.name, in: scope.names))
      }
      let value: Value
      do {
        value = try declare(operand)
      } catch let failure as ImportFailure {
        throw failure.diagnostics("output '\(output.name)'", path: path)
      } catch {
        throw Diagnostics("output '\(output.name)': \(Self.text(error))", path: path)
      }
      outputs.append(
        GraphOutput(value: value, name: outputNames.claim(OnnxNames.identifier(output.name))))
    }
    guard !outputs.isEmpty else { throw Diagnostics("has no output", path: path) }
    return try tidied(state.builder.finish(outputs: outputs))
  }

  /// The graph without nodes and weights that only shapes were made of.
  private func tidied(_ graph: Graph) throws(Diagnostics) -> Graph {
    var graph = graph
    do {
      graph = try RemoveDeadNodes().run(graph)
    } catch {
      throw Diagnostics("\(error)", path: path)
    }
    var used = Set(graph.body.results)
    graph.forEachNode { node in
      used.formUnion(node.operands)
      for region in node.regions { used.formUnion(region.results) }
    }
    graph.inputs.removeAll { $0.role.isWeight && !used.contains($0.value) }
    graph.body.arguments = graph.inputs.map(\.value)
    let names = Set(graph.inputs.map(\.name))
    state.declaredWeights.removeAll { !names.contains($0.name) }
    return graph
  }

  /// Initializers by name: reals are weights, unless they are single numbers.
  func addInitializers(_ graph: OnnxGraph, to scope: ImportScope) throws(Diagnostics) {
    for initializer in graph.initializers {
      let tensor: HostTensor
      do {
        tensor = try self.tensor(initializer)
      } catch {
        throw Diagnostics("initializer '\(initializer.name)': \(Self.text(error))", path: path)
      }
      let isWeight = tensor.type.element.isReal && tensor.shape.rank > 0
      try define(
        initializer.name,
        .known(KnownTensor(tensor, name: initializer.name, isWeight: isWeight)), scope,
        by: "an initializer")
    }
  }

  private static func text(_ error: any Error) -> String {
    switch error {
    case let failure as ImportFailure: failure.message
    case let format as FormatError: format.message
    default: "\(error)"
    }
  }

  private func define(
    _ name: String, _ operand: Operand, _ scope: ImportScope, by what: String
  ) throws(Diagnostics) {
    guard !name.isEmpty else { throw Diagnostics("has \(what) without a name", path: path) }
    guard scope.define(name, operand) else {
      throw Diagnostics(
        "defines '\(name)' twice, the second time as \(what)\(scope.place)", path: path,
        hint: "every value of a graph has a name of its own; check the model with onnx.checker")
    }
  }

  // MARK: nodes

  func addNodes(
    _ nodes: [OnnxNode], opsets: [String: Int64], _ scope: ImportScope
  ) throws(Diagnostics) {
    scope.expect(Set(nodes.flatMap(\.outputs)))
    scope.opsets = opsets
    for (index, node) in nodes.enumerated() {
      let label = node.name.isEmpty ? "" : " '\(node.name)'"
      let domain = Self.domain(node.domain)
      let version = opsets[domain] ?? opsets[""] ?? 0
      let place =
        "node \(index)\(label)\(scope.place), \(domain.isEmpty ? "" : domain + "::")\(node.opType)"
        + " (opset \(version))"
      nodeCount += 1
      guard nodeCount <= Self.nodeLimit else {
        throw Diagnostics(
          "\(place): more than \(Self.nodeLimit) nodes, those of functions once a call", path: path)
      }
      state.builder.origin = Origin(path: node.name.isEmpty ? "node \(index)" : node.name)
      do {
        try add(node, domain: domain, opset: version, scope)
      } catch let failure as ImportFailure {
        throw failure.diagnostics(place, path: path)
      } catch let failure as FormatError {
        throw Diagnostics("\(place): \(failure.message)", path: path, hint: failure.hint)
      } catch let diagnostics as Diagnostics {
        throw diagnostics
      } catch {
        throw Diagnostics("\(place): \(error)", path: path)
      }
    }
  }

  private func add(
    _ node: OnnxNode, domain: String, opset: Int64, _ scope: ImportScope
  ) throws {
    let operands = try node.inputs.map { name -> Operand? in
      if name.isEmpty { return nil }
      if let operand = scope[name] { return operand }
      throw ImportFailure(
        "it reads '\(name)', which "
          + (scope.isMadeLater(name) ? "only a later node makes" : "nothing makes"),
        hint: scope.isMadeLater(name)
          ? "nodes stand in the order of their use, without cycles; check with onnx.checker"
          : Suggestion.nearest(to: name, in: scope.names).map { "did you mean '\($0)'?" })
    }
    let first = state.builder.valueCount
    let results: [Operand?]
    let key = FunctionKey(domain: domain, name: node.opType, overload: node.overload)
    if let function = functions[key] {
      results = try call(function, key, node, operands, scope)
    } else {
      results = try translate(node, domain: domain, opset: opset, operands, scope)
    }
    try name(results, of: node, from: first, scope)
  }

  /// What the table says of the node's operator.
  private func translate(
    _ node: OnnxNode, domain: String, opset: Int64, _ operands: [Operand?], _ scope: ImportScope
  ) throws -> [Operand?] {
    guard domain.isEmpty, let entry = OnnxOperator.byName[node.opType] else {
      let nearest = Suggestion.nearest(to: node.opType, in: OnnxOperator.byName.keys.sorted())
      throw ImportFailure(
        "this operator is not imported",
        hint: domain.isEmpty
          ? (nearest.map { "did you mean '\($0)'? " } ?? "")
            + "'retort import --operators' lists what is; compute it outside the model, or export"
            + " without it"
          : "only ONNX's own operators are, and functions that the model holds; export it with"
            + " standard operators")
    }
    guard opset >= entry.since else {
      throw ImportFailure("this operator exists since opset \(entry.since) only")
    }
    let translation = NodeImport(
      node, opset: opset, operands: operands, importer: self, scope: scope)
    let results = try entry.translate(translation)
    try translation.checkAllRead()
    return results
  }

  /// Gives the node's results their names, in the scope and in the graph.
  private func name(
    _ results: [Operand?], of node: OnnxNode, from first: Int, _ scope: ImportScope
  ) throws {
    for (index, name) in node.outputs.enumerated() where !name.isEmpty {
      guard index < results.count, var operand = results[index] else {
        throw ImportFailure("its output \(index), '\(name)', is not computed")
      }
      switch operand {
      case .value(let value):
        // What was there before, as behind Identity, keeps its name.
        if value.id >= first, !isWeight(value) {
          state.builder.rename(value, to: OnnxNames.value(name))
        }
      case .known(var known):
        if known.name == nil { known.name = name }
        operand = .known(known)
      }
      try define(name, operand, scope, by: "an output of \(node.opType)")
    }
  }

  private func isWeight(_ value: Value) -> Bool { state.declaredValues.contains(value) }

  // MARK: functions and graphs within

  private func call(
    _ function: OnnxFunction, _ key: FunctionKey, _ node: OnnxNode, _ operands: [Operand?],
    _ scope: ImportScope
  ) throws -> [Operand?] {
    guard !calls.contains(key) else {
      throw ImportFailure("the function calls itself, directly or through others")
    }
    guard operands.count <= function.inputs.count else {
      throw ImportFailure(
        "the function takes \(function.inputs.count) inputs, got \(operands.count)")
    }
    let inner = try nested(scope, " of function '\(function.name)'", sees: false)
    for (name, operand) in zip(function.inputs, operands) {
      if let operand { try define(name, operand, inner, by: "an input of '\(function.name)'") }
    }
    var attributes: [String: OnnxAttribute] = [:]
    for attribute in function.defaults + node.attributes { attributes[attribute.name] = attribute }
    let own = Self.table(function.opsets)
    let read = OnnxOperators.importedOpsets
    if let version = own[""], !read.contains(version) {
      throw ImportFailure(
        "the function is written in opset \(version), but \(read.lowerBound) to"
          + " \(read.upperBound) are read",
        hint: Self.conversionHint)
    }
    calls.append(key)
    defer { calls.removeLast() }
    // Inputs that a call leaves out are left out inside too.
    let given = Set(zip(function.inputs, operands).filter { $0.1 != nil }.map(\.0))
    let absent = Set(function.inputs).subtracting(given)
    let nodes = function.nodes.map { node in
      var node = Self.substituting(attributes, in: node)
      node.inputs = node.inputs.map { absent.contains($0) ? "" : $0 }
      return node
    }
    try addNodes(nodes, opsets: own.isEmpty ? opsets : own, inner)
    return try function.outputs.map { name in
      guard let operand = inner[name] else {
        throw ImportFailure("the function gives '\(name)' out, which none of its nodes makes")
      }
      return operand
    }
  }

  /// A function's node with the call's attributes in place of references to them; a reference to one
  /// that the call leaves out leaves it out.
  private static func substituting(
    _ attributes: [String: OnnxAttribute], in node: OnnxNode
  ) -> OnnxNode {
    var node = node
    node.attributes = node.attributes.compactMap { attribute in
      if !attribute.reference.isEmpty {
        guard var given = attributes[attribute.reference] else { return nil }
        given.name = attribute.name
        return given
      }
      guard !attribute.graph.isEmpty else { return attribute }
      var attribute = attribute
      attribute.graph = attribute.graph.map { graph in
        var graph = graph
        graph.nodes = graph.nodes.map { substituting(attributes, in: $0) }
        return graph
      }
      return attribute
    }
    return node
  }

  /// A scope inside another.
  func nested(_ scope: ImportScope, _ place: String, sees: Bool = true) throws -> ImportScope {
    guard scope.depth < Self.depthLimit else {
      throw ImportFailure("functions and graphs lie deeper in each other than \(Self.depthLimit)")
    }
    return ImportScope(outer: sees ? scope : nil, place: place, depth: scope.depth + 1)
  }
}
