import RetortIR
import RetortText

/// How a pipeline is run.
package struct PipelineOptions: Sendable {
  /// Verifies after every pass and not only after every stage.
  package var verifiesPasses: Bool
  /// Names of passes that are left out.
  package var disabled: Set<String>
  /// Bytes that the arena must not exceed; nil for as many as speed asks for.
  package var memoryLimit: Int?
  /// How the algorithms of convolutions are chosen.
  package var convolutions = ConvolutionCostModel()
  /// Given every pass's name and what it made.
  package var observer: (@Sendable (_ pass: String, _ graph: Graph) -> Void)?

  package init(
    verifiesPasses: Bool = false, disabled: Set<String> = [],
    memoryLimit: Int? = nil,
    observer: (@Sendable (_ pass: String, _ graph: Graph) -> Void)? = nil
  ) {
    self.verifiesPasses = verifiesPasses
    self.disabled = disabled
    self.memoryLimit = memoryLimit
    self.observer = observer
  }
}

/// What a pipeline made of a graph.
package struct PipelineResult: Sendable {
  package let graph: Graph
  /// One a pass that ran, in order; passes that are repeated appear once a run.
  package let records: [PassRecord]

  /// The weakest promise among all that fired.
  package var exactness: Exactness { records.map(\.exactness).max() ?? .bitwise }
}

extension Pipeline {
  /// Takes a graph through the stages up to and including `last`.
  ///
  /// - Throws: `Diagnostics` for what the definition asks and cannot have, `InternalError` where a
  ///   pass breaks the graph or the passes stand in a wrong order.
  package static func run(
    _ graph: Graph, through last: Stage, options: PipelineOptions = PipelineOptions()
  ) throws -> PipelineResult {
    var manager = PassManager(options: options)
    let result = try manager.run(
      standard.with(options.convolutions).limited(to: options.memoryLimit), graph, through: last)
    return PipelineResult(graph: result, records: manager.records)
  }

  /// Why the standard pipeline cannot leave a pass out, as a sentence; nil where it can.
  package static func complaint(disabling name: String) -> String? {
    var names: [String] = []
    for pass in standard.passes where type(of: pass).necessity == nil && !names.contains(pass.name)
    {
      names.append(pass.name)
    }
    guard let pass = standard.passes.first(where: { $0.name == name }) else {
      let nearest = Suggestion.nearest(to: name, in: names).map { ", did you mean '\($0)'?" } ?? "."
      let list = names.joined(separator: ", ")
      return "there is no pass '\(name)'\(nearest) Passes that can be left out: \(list)"
    }
    return type(of: pass).necessity.map { "the pass '\(name)' cannot be left out: \($0)" }
  }
}

/// Runs passes in order, verifies what they make and records what they did.
package struct PassManager {
  package let options: PipelineOptions
  package private(set) var records: [PassRecord] = []
  private var established: Set<Property> = []

  package init(options: PipelineOptions = PipelineOptions()) { self.options = options }

  package mutating func run(
    _ pipeline: Pipeline, _ graph: Graph, through last: Stage
  ) throws -> Graph {
    if let name = options.disabled.sorted().first(where: {
      Pipeline.complaint(disabling: $0) != nil
    }) {
      throw Diagnostics(Pipeline.complaint(disabling: name)!)
    }
    var graph = graph
    for (stage, steps) in pipeline.stages where stage <= last {
      for step in steps { graph = try run(step, graph, stage) }
      // A stage without passes hands on what was verified before.
      if steps.isEmpty && stage != .elaborated { continue }
      try verify(graph, after: "stage \(stage.rawValue)", stage)
    }
    return graph
  }

  private mutating func run(_ step: PipelineStep, _ graph: Graph, _ stage: Stage) throws -> Graph {
    switch step {
    case .once(let pass):
      return try run(pass, graph, stage)
    case .repeated(let passes, let cap):
      var graph = graph
      for _ in 0..<cap {
        let start = records.count
        for pass in passes { graph = try run(pass, graph, stage) }
        if records[start...].allSatisfy({ $0.firedCount == 0 }) { return graph }
      }
      let firing = records.suffix(passes.count).flatMap { record in
        record.firings.map { "\(record.name)/\($0.rule)" }
      }
      throw InternalError(
        "\(graph.name): still not stable after \(cap) turns; firing: "
          + firing.joined(separator: ", "))
    }
  }

  private mutating func run(_ pass: any Pass, _ graph: Graph, _ stage: Stage) throws -> Graph {
    let kind = type(of: pass)
    if options.disabled.contains(kind.name) {
      // What a dispensable pass establishes may be missing: those behind it can do without.
      established.formUnion(kind.establishes)
      return graph
    }
    let missing = kind.requires.subtracting(established).map(\.rawValue).sorted()
    if !missing.isEmpty {
      throw InternalError("\(kind.name) requires \(missing.joined(separator: ", "))")
    }
    var record = PassRecord(name: kind.name, stage: stage)
    record.nodeCountBefore = graph.nodeCount
    let clock = ContinuousClock()
    let start = clock.now
    let result = try pass.run(graph, &record)
    record.duration = clock.now - start
    record.nodeCountAfter = result.nodeCount
    records.append(record)
    established.formUnion(kind.establishes)
    if options.verifiesPasses { try verify(result, after: "pass \(kind.name)", stage) }
    options.observer?(kind.name, result)
    return result
  }

  private func verify(_ graph: Graph, after step: String, _ stage: Stage) throws {
    let phase = established.contains(.gradientFree) ? Stage.differentiated.phase : stage.phase
    do {
      try Verifier(phase: phase).verify(graph)
      if established.contains(.planned) { try MemoryPlan.checkDisjoint(graph) }
    } catch {
      throw InternalError("after \(step): \(error.message)")
    }
  }
}
