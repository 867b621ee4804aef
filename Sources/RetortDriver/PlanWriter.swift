import RetortIR
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortText

/// Compiles a request and writes it as a `.retort` file.
package struct PlanWriter {
  package struct Summary: Sendable {
    package let text: String
    package let notes: [Diagnostic]
  }

  package let request: Request
  /// The command that makes the same plan again.
  package let rebuild: String

  package init(request: Request, rebuild: String) {
    self.request = request
    self.rebuild = rebuild
  }

  package func write(to path: String) throws -> Summary {
    let compilation = try request.compilation(through: .planned)
    let graph = compilation.graph
    var notes = compilation.notes
    var tensors: [(name: String, tensor: HostTensor)] = []
    let weights = try request.weights(of: compilation)
    if !weights.isEmpty {
      let executable = try Executable(
        graph, backend: request.backend, threadCount: request.threadCount)
      let bound = try executable.bind(weights)
      notes += bound.notes + Weights.note(unused: bound.unused)
      tensors = executable.storedTensors()
    }
    let artifact = Artifact(
      processor: Processor.fingerprint, rebuild: rebuild, backend: request.backend.rawValue,
      disabledPasses: request.disabledPasses.sorted(),
      calibration: compilation.calibration?.text ?? "", graphText: Printer().text(graph),
      origins: PlanOrigins.text(graph),
      tensors: tensors)
    try artifact.write(to: path)
    let weightBytes = tensors.reduce(0) { $0 + $1.tensor.bytes.count }
    let arena = ByteCount.text(try MemoryReport(graph).arenaByteCount)
    let text = """
      \(path): \(graph.name), \(graph.nodeCount) nodes, arena \(arena), \
      weights \(ByteCount.text(weightBytes))
      """
    return Summary(text: text, notes: notes)
  }
}

/// Byte counts as people read them.
package enum ByteCount {
  /// `812 B`, `3.4 KiB`, `12.0 MiB`.
  package static func text(_ count: Int) -> String {
    if count < 1024 { return "\(count) B" }
    let units = ["KiB", "MiB", "GiB", "TiB"]
    var value = Double(count) / 1024
    var unit = 0
    while value >= 1024, unit + 1 < units.count {
      value /= 1024
      unit += 1
    }
    return "\((value * 10).rounded() / 10) \(units[unit])"
  }
}

extension Executable {
  /// What a plan stores so that it starts without preparing: prepared values, and the weights that
  /// are read outside the prepare region.
  package func storedTensors() -> [(name: String, tensor: HostTensor)] {
    let prepared = program.preparedTensors().map { (name: "%" + $0.name, tensor: $0.tensor) }
    // A graph that updates weights prepares again, from all of them.
    let updates = !graph.updatedWeights.isEmpty
    let read = graph.weightsReadOutsidePrepare
    let weights = program.weightTensors().filter { updates || read.contains($0.name) }
    return weights + prepared
  }
}

extension Graph {
  /// Names of the parameters and buffers that a run reads or updates.
  var weightsReadOutsidePrepare: Set<String> {
    var used = Set<Value>()
    func visit(_ block: Block) {
      for node in block.nodes where !(node.op is Prepare) {
        used.formUnion(node.operands)
        node.regions.forEach(visit)
      }
      used.formUnion(block.results)
    }
    visit(body)
    let updated = updatedWeights
    return Set(
      inputs.filter { $0.role.isWeight && (used.contains($0.value) || updated.contains($0.name)) }
        .map(\.name))
  }
}
