import RetortIR
import RetortTensor

/// Which weights nobody reads behind the `prepare` regions, and after which of their steps.
struct WeightRelease {
  private(set) var names: Set<String> = []
  /// By the step of the preparation.
  private(set) var due: [Int: [TensorView]] = [:]

  init(_ program: Program) {
    let graph = program.graph
    var kept = Set(graph.body.results)
    for node in graph.body.nodes {
      if node.op is Prepare {
        kept.formUnion(node.regions[0].results)
      } else {
        kept.formUnion(node.operands)
        kept.formUnion(node.captures)
      }
    }
    let last = Self.lastSteps(program)
    for input in graph.inputs where input.role.isWeight && !kept.contains(input.value) {
      // Of weights that lie in a file the pages are the file's.
      guard let step = last[input.value], let view = program.view(ofInput: input.name),
        program.segment(.weights).range(of: view) != nil
      else { continue }
      names.insert(input.name)
      due[step, default: []].append(view)
    }
  }

  /// The preparation's last step that reads each value.
  private static func lastSteps(_ program: Program) -> [Value: Int] {
    var ends: [Value: Int] = [:]
    for (step, info) in program.preparation.infos.enumerated() {
      for (value, _) in info.results { ends[value] = step }
    }
    var last: [Value: Int] = [:]
    for node in program.graph.body.nodes where node.op is Prepare {
      for inner in node.regions[0].nodes {
        guard let result = inner.results.first, let end = ends[result] else { continue }
        for value in inner.reads {
          last[value] = max(last[value] ?? 0, end)
        }
      }
    }
    return last
  }
}

/// Gives weights back as soon as they were read.
struct ReleaseHook: StepHook {
  let weights: Arena
  let due: [Int: [TensorView]]

  func willRun(_ step: Int) {}

  func didRun(_ step: Int, _ next: Int) throws(Never) {
    for view in due[step] ?? [] {
      if let range = weights.range(of: view) { weights.discard(range) }
    }
  }
}
