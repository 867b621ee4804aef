import RetortText
import RetortTensor

/// Checks what every graph must keep, after every stage: a failure is Retort's own fault.
package struct Verifier: Sendable {
  /// Which structural operations may still be there.
  package struct Phase: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }
    package static let gradient = Phase(rawValue: 1)
    package static let fused = Phase(rawValue: 2)
    package static let prepare = Phase(rawValue: 4)
    package static let any: Phase = [.gradient, .fused, .prepare]
  }

  package let phase: Phase

  package init(phase: Phase = .any) { self.phase = phase }

  package func verify(_ graph: Graph) throws(InternalError) {
    var walk = Walk(graph: graph, phase: phase)
    try walk.names()
    for input in graph.inputs { try walk.define(input.value, in: "the inputs") }
    guard graph.body.arguments == graph.inputs.map(\.value),
      graph.body.results == graph.outputs.map(\.value)
    else { throw InternalError("\(graph.name): body and signature disagree") }
    try walk.block(graph.body)
    for output in graph.outputs where output.role == .update {
      guard
        let weight = graph.inputs.first(where: { $0.name == output.name && $0.role.isWeight }),
        graph.type(of: weight.value) == graph.type(of: output.value)
      else { throw InternalError("\(graph.name): update of unknown weight '\(output.name)'") }
    }
  }

  private struct Walk {
    let graph: Graph
    let phase: Phase
    var defined: [Bool]

    init(graph: Graph, phase: Phase) {
      self.graph = graph
      self.phase = phase
      defined = [Bool](repeating: false, count: graph.values.count)
    }

    func names() throws(InternalError) {
      var seen = Set<String>(minimumCapacity: graph.values.count)
      func check(_ values: [Value]) throws(InternalError) {
        for value in values where !seen.insert(graph.name(of: value)).inserted {
          throw InternalError("\(graph.name): two values are named '\(graph.name(of: value))'")
        }
      }
      func visit(_ block: Block) throws(InternalError) {
        try check(block.arguments)
        // By index: a copy of a node costs more than the check.
        for index in block.nodes.indices {
          for region in block.nodes[index].regions { try visit(region) }
          try check(block.nodes[index].results)
        }
      }
      try visit(graph.body)
      var inputs = Set<String>()
      for input in graph.inputs where !inputs.insert(input.name).inserted {
        throw InternalError("\(graph.name): two inputs are named '\(input.name)'")
      }
    }

    mutating func define(_ value: Value, in place: String) throws(InternalError) {
      guard graph.values.indices.contains(value.id), !defined[value.id] else {
        throw InternalError("\(graph.name): value \(value.id) is defined twice, in \(place)")
      }
      defined[value.id] = true
    }

    func use(_ value: Value, _ place: () -> String) throws(InternalError) {
      guard graph.values.indices.contains(value.id), defined[value.id] else {
        throw InternalError("\(graph.name): a value is used before it is defined, in \(place())")
      }
    }

    mutating func block(_ block: Block) throws(InternalError) {
      for node in block.nodes { try self.node(node) }
      for result in block.results { try use(result) { "a block's results" } }
    }

    mutating func node(_ node: Node) throws(InternalError) {
      let place = { "\(node.opName) (\(node.origin.description))" }
      for operand in node.operands { try use(operand, place) }
      try legal(node, place)
      for region in node.regions {
        for argument in region.arguments { try define(argument, in: place()) }
        try block(region)
        for value in Self.definitions(region) { defined[value.id] = false }
      }
      let types: [TensorType]
      do {
        types = try node.op.resultTypes(
          node.operands.map(graph.type), regions: node.regions, type: graph.type)
      } catch {
        throw InternalError("\(graph.name): \(place()): \(error.message) [\(error.label)]")
      }
      guard types == node.results.map(graph.type) else {
        throw InternalError(
          "\(graph.name): \(place()) is typed \(node.results.map(graph.type)), inferred \(types)")
      }
      for result in node.results { try define(result, in: place()) }
    }

    func legal(_ node: Node, _ place: () -> String) throws(InternalError) {
      let allowed =
        switch node.op {
        case is Gradient: phase.contains(.gradient)
        case is Fused: phase.contains(.fused)
        case is Prepare: phase.contains(.prepare)
        default: true
        }
      if !allowed { throw InternalError("\(graph.name): \(place()) is out of place here") }
    }

    /// The values of a region, which are not visible behind it.
    static func definitions(_ block: Block) -> [Value] {
      block.arguments + block.nodes.flatMap(\.results)
    }
  }
}
