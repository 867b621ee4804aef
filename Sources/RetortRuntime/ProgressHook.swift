import RetortIR

/// Tells what share of a run's operations is done, a thousand times a run at most. The end is not
/// told: whoever called knows it.
struct ProgressHook: StepHook {
  private let program: Program
  private let total: Double
  private let tell: (Double) -> Void
  private var done = 0.0
  private var next: Double

  init(_ program: Program, _ tell: @escaping (Double) -> Void) {
    self.program = program
    self.tell = tell
    total = program.main.total(of: Self.operations)
    next = total / 1000
  }

  private static func operations(_ info: StepInfo) -> Double { Double(info.cost.flops) }

  func willRun(_ step: Int) {}

  mutating func didRun(_ step: Int, _ next: Int) throws(Never) {
    done += Self.operations(program.main.infos[step])
    guard done >= self.next, done < total else { return }
    self.next = done + total / 1000
    tell(done / total)
  }
}
