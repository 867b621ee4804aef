import RetortIR
import RetortTensor
import RetortText

/// Looks on while a program runs. `willRun` and `didRun` are told the step's number and, after it,
/// the number of the step that comes next.
protocol StepHook {
  associatedtype Failure: Error
  mutating func willRun(_ step: Int)
  mutating func didRun(_ step: Int, _ next: Int) throws(Failure)
}

/// Looks away.
struct NoHook: StepHook {
  @inline(__always) func willRun(_ step: Int) {}
  @inline(__always) func didRun(_ step: Int, _ next: Int) throws(Never) {}
}

/// Shows every value to a probe and looks for NaN and infinities.
struct ProbeHook: StepHook {
  let program: Program
  let probe: ProbeCallback?
  let checksFinite: Bool

  func willRun(_ step: Int) {}

  func didRun(_ step: Int, _ next: Int) throws(Diagnostics) {
    let info = program.main.infos[step]
    // A loop has its results only when it is left.
    if case .endLoop = program.main.steps[step], next <= step { return }
    guard !info.results.isEmpty else { return }
    let turns = program.main.turns(at: step)
    for (value, view) in info.results {
      let tensor = HostTensor(copying: view)
      let name = program.graph.name(of: value)
      probe?(Probe(name: name, origin: info.origin, turns: turns, tensor: tensor))
      if checksFinite {
        try NonFinite.refuse(
          tensor, name: name, opName: info.opName, origin: info.origin, turns: turns)
      }
    }
  }
}

extension StepList {
  /// The indices of the loops around a step, outermost first.
  func turns(at step: Int) -> [Int] {
    loops.filter { $0.firstStep <= step && step < $0.endStep }.map { $0.first + $0.turn }
  }
}
