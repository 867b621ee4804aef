import RetortIR
import RetortRuntime
import RetortSyntax
import RetortTensor
import RetortText

/// What `retort inspect` says of a definition: its graphs with their arguments.
package struct DefinitionSummary {
  private let definition: Definition

  package init(path: String, library: GraphLibrary) throws {
    definition = try Compiler(library: library).load(path)
  }

  package func text(json: Bool) -> String {
    let entries = definition.entries
    if json {
      let objects = entries.map { entry in
        "{\"name\": \(JSONText.quoted(entry.name)), \"signature\": \(JSONText.quoted(entry.signature))}"
      }
      return "[" + objects.joined(separator: ", ") + "]"
    }
    return entries.map(\.signature).joined(separator: "\n")
  }
}

/// What `retort inspect` says of a plan.
package struct PlanSummary {
  private let file: PlanFile
  private let graph: Graph
  private let memory: MemoryReport

  package init(path: String) throws {
    file = try PlanFile(path, processor: Processor.fingerprint)
    try file.verifyTensors()
    graph = try file.graph()
    memory = try MemoryReport(graph)
  }

  package func text(json: Bool) -> String {
    let arena = memory.arenaByteCount
    let weights = file.entries.reduce(0) { $0 + $1.type.byteCount }
    let disabled = file.disabledPasses.joined(separator: ", ")
    if json {
      let names = file.disabledPasses.map(JSONText.quoted).joined(separator: ", ")
      return """
        {"graph": \(JSONText.quoted(graph.name)), "nodes": \(graph.nodeCount), "arena_bytes": \(arena), \
        "weight_bytes": \(weights), "processor": \(JSONText.quoted(file.processor)), \
        "backend": \(JSONText.quoted(file.backend)), "disabled": [\(names)], \
        "calibration": \(calibrationJSON)}
        """
    }
    func list(_ items: [(String, TensorType)]) -> String {
      items.map { "\($0.0): \($0.1)" }.joined(separator: ", ")
    }
    let arguments = graph.inputs.filter { $0.role == .input }
      .map { ($0.name, graph.type(of: $0.value)) }
    let results = graph.outputs.filter { $0.role == .result }
      .map { ($0.name, graph.type(of: $0.value)) }
    return """
      graph \(graph.name)(\(list(arguments))) -> (\(list(results)))
      nodes      \(graph.nodeCount)
      arena      \(ByteCount.text(arena))
      weights    \(ByteCount.text(weights)) in \(file.entries.count) tensors
      backend    \(file.backend)
      disabled   \(file.disabledPasses.isEmpty ? "none" : disabled.visible())
      processor  \(file.processor.visible())
      rebuild    \(file.rebuild.visible())
      calibrated \(calibrationText)
      """
  }

  /// The measured convolutions and the times of their forms, as the file has them.
  private var measurements: [(name: String, times: [Substring])] {
    file.calibration.split(separator: "\n").map { line in
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      return (String(parts[0]).visible(), Array(parts.dropFirst()))
    }
  }

  /// `no`, or what was measured, a line each.
  private var calibrationText: String {
    let rows = measurements
    guard !rows.isEmpty else { return "no" }
    let lines = rows.map { row in
      let times = row.times.map { "\(String($0).visible()) µs" }
      return "\n  \(row.name): " + times.joined(separator: ", ")
    }
    return "\(rows.count) convolutions" + lines.joined()
  }

  private var calibrationJSON: String {
    let rows = measurements.map { row in
      let times = row.times.map { JSONText.quoted(String($0)) }.joined(separator: ", ")
      return "{\"convolution\": \(JSONText.quoted(row.name)), \"microseconds\": [\(times)]}"
    }
    return "[\(rows.joined(separator: ", "))]"
  }
}
