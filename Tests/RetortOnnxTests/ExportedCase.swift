import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport

@testable import RetortOnnx

/// A graph with inputs, and what it gives for them.
struct ExportedCase {
  let name: String
  let graph: Graph
  let inputs: [String: HostTensor]

  init(_ name: String, _ graph: Graph, _ inputs: [String: HostTensor]) {
    self.name = name
    self.graph = graph
    self.inputs = inputs
  }

  func model(unrolled: Bool = false) throws -> OnnxModel {
    var export = OnnxExport()
    export.unrollsLoops = unrolled
    return try export.model(graph)
  }

  /// Every operation's samples, but for those that stand behind the stage that is exported.
  static func samples() throws -> [ExportedCase] {
    try OpCatalog.standard.groups.flatMap(\.ops).flatMap { type -> [ExportedCase] in
      guard type is any OnnxExportable.Type else { return [] }
      return try type.samples.enumerated().map { index, sample in
        ExportedCase("\(type.name)-\(index)", try sample.graph(), sample.inputs(seed: 7))
      }
    }
  }
}

/// Says what is wrong with the names of a model's values: ONNX wants each defined once, and before
/// it is read.
func nameFaults(_ model: OnnxModel) -> [String] {
  var faults: [String] = []
  var everything = Set<String>()
  func visit(_ graph: OnnxGraph, _ outer: Set<String>) {
    var known = outer
    func define(_ name: String) {
      if !everything.insert(name).inserted { faults.append("'\(name)' is defined twice") }
      known.insert(name)
    }
    let initializers = Set(graph.initializers.map(\.name))
    initializers.forEach(define)
    for input in graph.inputs where !initializers.contains(input.name) { define(input.name) }
    for node in graph.nodes {
      for input in node.inputs where !input.isEmpty && !known.contains(input) {
        faults.append("'\(input)' is read before it is defined")
      }
      for attribute in node.attributes { attribute.graph.forEach { visit($0, known) } }
      node.outputs.forEach(define)
    }
    for output in graph.outputs where !known.contains(output.name) {
      faults.append("the output '\(output.name)' is not defined")
    }
  }
  visit(model.graph!, [])
  return faults
}
