import RetortIR
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortText

/// A compiled graph with its memory, ready to run.
package final class Executable {
  package let graph: Graph
  package let program: Program

  /// - Parameter stored: weights and prepared values to compute on where they lie.
  package init(
    _ planned: Graph, backend: Backend, threadCount: Int, stored: StoredValues? = nil
  ) throws {
    graph = planned
    program = try Program(
      planned,
      options: ProgramOptions(backend: backend, pool: ThreadPool(threadCount: threadCount)),
      stored: stored)
  }

  /// From a `.retort` file.
  ///
  /// - Parameter ownsWeights: whether it runs with the weights that the file holds, which stay where
  ///   they are mapped; others are then to be bound.
  package convenience init(
    artifact path: String, request: Request, ownsWeights: Bool = true
  ) throws {
    let (file, graph) = try request.openedPlan ?? Self.plan(path)
    guard let backend = Backend(rawValue: file.backend) else {
      throw Diagnostics("names the unknown backend '\(file.backend)'", path: path)
    }
    try Self.check(graph, path: path)
    let stored = ownsWeights ? try Self.stored(file, graph) : nil
    try self.init(
      try file.named(graph), backend: backend, threadCount: request.threadCount, stored: stored)
    program.releasesWeights = !request.keepsWeights
  }

  private static func plan(_ path: String) throws(Diagnostics) -> (file: PlanFile, graph: Graph) {
    let file = try PlanFile(path, processor: Processor.fingerprint)
    return (file, try file.graph())
  }

  /// What a plan must keep besides its checksum: whoever wrote the file may have changed its text.
  private static func check(_ graph: Graph, path: String) throws(Diagnostics) {
    var lasting = Set(graph.inputs.filter(\.role.isWeight).map(\.value))
    for node in graph.body.nodes where node.op is Prepare {
      guard lasting.isSuperset(of: node.captures) else {
        throw Diagnostics("prepares from values that weights alone do not decide", path: path)
      }
      lasting.formUnion(node.results)
    }
    do {
      try Verifier().verify(graph)
      try MemoryPlan.checkDisjoint(graph)
    } catch {
      throw Diagnostics(
        "holds a plan that does not fit its graph: \(error.message)", path: path,
        hint: "compile the definition again with 'retort compile'")
    }
  }

  /// The tensors of a plan where they are mapped. All are compared with their checksums.
  private static func stored(_ file: PlanFile, _ graph: Graph) throws -> StoredValues {
    try file.verifyTensors()
    var stored = StoredValues(weights: [:], prepared: [:]) { () throws(Diagnostics) in
      try file.file.allowWriting()
    }
    for entry in file.entries {
      if entry.name.hasPrefix("%") {
        stored.prepared[String(entry.name.dropFirst())] = file.view(of: entry)
      } else {
        stored.weights[entry.name] = file.view(of: entry)
      }
    }
    if file.entries.isEmpty, graph.inputs.contains(where: { $0.role.isWeight }) {
      throw Diagnostics(
        "was compiled without weights", path: file.path,
        hint: "name their file with --weights FILE")
    }
    let missing = graph.weightsReadOutsidePrepare.filter { stored.weights[$0] == nil }.sorted()
    guard missing.isEmpty else {
      throw Diagnostics("lacks the weight '\(missing[0])'", path: file.path)
    }
    return stored
  }

  /// Binds weights by name and computes what depends on them alone.
  ///
  /// - Returns: unused names, and what is to be told of the used ones.
  @discardableResult
  package func bind(_ weights: Weights) throws -> (unused: [String], notes: [Diagnostic]) {
    let binding = try weights.bind(to: graph)
    try program.bind(weights: binding.tensors)
    return (binding.unused, binding.conversionNotes)
  }

  /// Runs once. Inputs that are not given are keys, filled from the seed.
  ///
  /// - Parameter progress: told now and then what share of the operations is done.
  /// - Throws: for a missing, unknown or differently shaped input.
  package func run(
    _ inputs: [String: HostTensor], seed: UInt64 = 0, progress: ((Double) -> Void)? = nil
  ) throws -> [String: HostTensor] {
    try program.run(inputs: try graph.completed(inputs, seed: seed), progress: progress)
  }

  /// Measures the processor's peak, runs to warm up, and measures a second run.
  package func profile(
    _ inputs: [String: HostTensor], seed: UInt64 = 0
  ) throws -> (results: [String: HostTensor], report: ProfileReport) {
    let pool = program.options.pool
    let memory = try MemoryReport(graph)
    let limits = ProfileReport.Limits(
      threadCount: pool.threadCount, peak: ProcessorPeak.measure(pool),
      arenaByteCount: memory.arenaByteCount, arenaLowerBound: memory.lowerBound)
    let results = try run(inputs, seed: seed)
    let statistics = RunStatistics(for: program)
    program.run(measuring: statistics)
    return (results, ProfileReport(statistics, limits: limits))
  }
}
