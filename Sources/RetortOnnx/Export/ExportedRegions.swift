import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortText

extension Repeat: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    if e.unrollsLoops && count > 0 {
      try writeOut(node, &e)
    } else {
      try writeLoop(node, &e)
    }
  }

  /// The turns one behind the other.
  private func writeOut(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let body = node.regions[0]
    var carried = node.operands.map { e.whole($0) }
    var collected = [[String]](repeating: [], count: body.results.count - carried.count)
    for turn in first..<first + count {
      e.forget(body)
      e.bind(body.arguments[0], to: e.scalar(Double(turn), .i32))
      for (argument, name) in zip(body.arguments.dropFirst(), carried) {
        e.bind(argument, to: name)
      }
      try e.emit(body.nodes)
      let results = body.results.map { e.whole($0) }
      carried = Array(results.prefix(carried.count))
      for (index, name) in results.dropFirst(carried.count).enumerated() {
        collected[index].append(e.add("Unsqueeze", [name, e.integers([0])]))
      }
    }
    for (value, name) in zip(node.results, carried) { e.define(value, as: name) }
    for (value, names) in zip(node.results.dropFirst(carried.count), collected) {
      e.define(value, "Concat", names, [OnnxAttribute("axis", 0)])
    }
  }

  /// A `Loop`, whose body sees the values around it by their names.
  private func writeLoop(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let region = node.regions[0]
    // Before the body: what it makes of them within would be unknown behind the loop.
    let starts = node.operands.map { e.whole($0) }
    let trips = e.scalar(Double(count), .i64)
    var body = OnnxGraph()
    body.name = e.fresh("body")
    let (turn, condition) = (e.fresh("turn"), e.fresh("condition"))
    body.inputs = [
      OnnxValue(turn, OnnxType(TensorType(.i64, []))),
      OnnxValue(condition, OnnxType(TensorType(.bool, []))),
    ]
    body.nodes = try e.inner { e throws(Diagnostics) in
      let shifted = first == 0 ? turn : e.add("Add", [turn, e.scalar(Double(first), .i64)])
      e.bind(region.arguments[0], to: e.cast(shifted, to: .i32))
      for argument in region.arguments.dropFirst() {
        let name = e.fresh(e.graph.name(of: argument))
        body.inputs.append(OnnxValue(name, OnnxType(e.type(of: argument))))
        e.bind(argument, to: name)
      }
      try e.emit(region.nodes)
      let goesOn = e.add("Identity", [condition])
      body.outputs = [OnnxValue(goesOn, OnnxType(TensorType(.bool, [])))]
      for result in region.results {
        // A name of the body's own: a result may be an argument, lie outside, or be there twice.
        let name = e.add("Identity", [e.whole(result)])
        body.outputs.append(OnnxValue(name, OnnxType(e.type(of: result))))
      }
    }
    let results = node.results.map { e.outputName(of: $0) }
    e.append(
      OnnxNode(
        "Loop", name: results.first ?? body.name, inputs: [trips, ""] + starts, outputs: results,
        attributes: [OnnxAttribute("body", body)]))
    for (value, name) in zip(node.results, results) { e.define(value, as: name) }
  }
}

extension Prepare: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let region = node.regions[0]
    try e.emit(region.nodes)
    for (value, result) in zip(node.results, region.results) {
      e.define(value, as: e.whole(result))
    }
  }
}
