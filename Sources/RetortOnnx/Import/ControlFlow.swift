import RetortFormats
import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let controlFlow: [OnnxOperator] = [
    OnnxOperator("If", limits: "a condition that is not known chooses between equal types", branch),
    OnnxOperator("Loop", limits: "a number of turns that is known", loop),
  ]

  /// The outputs of a graph that is an attribute.
  private static func outputs(
    _ t: NodeImport, _ graph: OnnxGraph, _ scope: ImportScope
  ) throws -> [Operand] {
    try t.importer.addInitializers(graph, to: scope)
    try t.importer.addNodes(graph.nodes, opsets: t.scope.opsets, scope)
    return try graph.outputs.map { output in
      guard let operand = scope[output.name] else {
        throw ImportFailure("its graph gives '\(output.name)' out, which nothing makes")
      }
      return operand
    }
  }

  private static func branch(_ t: NodeImport) throws -> [Operand?] {
    let (thenGraph, elseGraph) = (try t.graph("then_branch"), try t.graph("else_branch"))
    let condition = try t.input(0)
    func results(_ graph: OnnxGraph, _ word: String) throws -> [Operand] {
      let scope = try t.importer.nested(t.scope, " of '\(word)' in '\(t.node.name)'")
      return try outputs(t, graph, scope)
    }
    if case .known(let known) = condition {
      let holds = known.tensor.doubles.first ?? 0 != 0
      return try holds ? results(thenGraph, "then_branch") : results(elseGraph, "else_branch")
    }
    let (a, b) = (try results(thenGraph, "then_branch"), try results(elseGraph, "else_branch"))
    guard a.count == b.count, zip(a, b).allSatisfy({ t.type(of: $0) == t.type(of: $1) }) else {
      t.importer.failedOnShape = true
      throw ImportFailure(
        "its condition depends on the model's inputs, and its branches give different types",
        hint: "make the condition a constant of the model")
    }
    let scalar = try t.reshape(condition, [])
    return try zip(a, b).map { try t.select(scalar, $0, $1) }
  }

  private static func loop(_ t: NodeImport) throws -> [Operand?] {
    let body = try t.graph("body")
    let count = try required(
      t.scalarInput(0, "number of turns"), "number of turns, without which it has no end,")
    if let first = t.optional(1) {
      let holds = try t.known(first, "condition").doubles.first ?? 1
      guard holds != 0 else {
        throw ImportFailure("its condition is false from the start")
      }
    }
    let carried = try (2..<Swift.max(2, t.inputCount)).map { try t.input($0) }
    guard body.inputs.count == carried.count + 2, body.outputs.count > carried.count else {
      throw ImportFailure(
        "it carries \(carried.count) values, but its body takes \(body.inputs.count) and gives"
          + " \(body.outputs.count)")
    }
    guard count >= 0, count <= Double(Int32.max) else {
      throw ImportFailure("it takes \(count) turns")
    }
    let importer = t.importer
    let before = importer.state
    importer.failedOnShape = false
    do {
      return try turns(t, body, Int(count), try carried.map { try t.materialise($0) })
    } catch {
      // Where shapes differ from turn to turn, each turn is written out.
      guard importer.failedOnShape, count <= unrolledTurnLimit else { throw error }
      importer.state = before
      return try unrolled(t, body, Int(count), carried)
    }
  }

  private static let unrolledTurnLimit = 64.0

  private static func unrolled(
    _ t: NodeImport, _ body: OnnxGraph, _ count: Int, _ starts: [Operand]
  ) throws -> [Operand?] {
    var carried = starts
    var collected = [[Operand]](repeating: [], count: body.outputs.count - 1 - starts.count)
    for turn in 0..<count {
      let scope = try t.importer.nested(t.scope, " of turn \(turn) of '\(t.node.name)'")
      let given = [.known(HostTensor(Int64(turn))), .known(HostTensor(true))] + carried
      for (input, operand) in zip(body.inputs, given) where !scope.define(input.name, operand) {
        throw ImportFailure("its body has two inputs named '\(input.name)'")
      }
      var results = try outputs(t, body, scope)
      let goesOn = try t.known(results.removeFirst(), "condition").doubles.first ?? 0
      carried = Array(results.prefix(starts.count))
      for (index, operand) in results.dropFirst(starts.count).enumerated() {
        collected[index].append(try t.reshape(operand, [1] + t.shape(of: operand)))
      }
      if goesOn == 0 { break }
    }
    return try carried
      + collected.map { parts in
        guard !parts.isEmpty else { throw ImportFailure("it takes no turn, so collects nothing") }
        return try t.concatenate(parts, axis: 0)
      }
  }

  private static func turns(
    _ t: NodeImport, _ body: OnnxGraph, _ count: Int, _ starts: [Value]
  ) throws -> [Operand?] {
    let importer = t.importer
    let scope = try importer.nested(t.scope, " of 'body' in '\(t.node.name)'")
    let arguments =
      [(name: "turn", type: TensorType(.i32, []))]
      + zip(body.inputs.dropFirst(2), starts).map {
        (name: OnnxNames.value($0.name), type: importer.state.builder.type(of: $1))
      }
    let inner = importer.state.builder.openBlock(arguments: arguments)
    let turn = try t.convert(.value(inner[0]), .i64)
    let given = [turn, .known(HostTensor(true))] + inner.dropFirst().map { Operand.value($0) }
    for (input, operand) in zip(body.inputs, given) where !scope.define(input.name, operand) {
      throw ImportFailure("its body has two inputs named '\(input.name)'")
    }
    var results = try outputs(t, body, scope)
    guard case .known(let goesOn) = results.removeFirst(), goesOn.tensor.doubles.first ?? 0 != 0
    else {
      importer.failedOnShape = true
      throw ImportFailure(
        "its number of turns depends on what it computes", hint: "give it a fixed number of turns")
    }
    let yielded = try results.map { try t.materialise($0) }
    let block = importer.state.builder.closeBlock(results: yielded)
    let op = Repeat(count: count)
    let values: [Value]
    do throws(Violation) {
      values = try importer.state.builder.append(op, starts, regions: [block])
    } catch {
      importer.failedOnShape = true
      throw ImportFailure(error, of: op)
    }
    // What is collected has an axis of turns.
    for value in values { try t.checkRank(importer.state.builder.type(of: value).rank) }
    return values.map { .value($0) }
  }
}
