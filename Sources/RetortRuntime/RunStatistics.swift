import Glibc
import RetortIR

/// What running a program's steps took: totals a step and, up to a bound, every single execution.
/// All room is taken beforehand.
package final class RunStatistics {
  /// One execution of a step.
  struct Event {
    var step = 0
    /// Nanoseconds since the statistics were made.
    var start = 0
    var duration = 0
  }

  /// The sum over all executions of a step.
  package struct Total: Sendable {
    package let name: String
    package let opName: String
    package let origin: Origin
    /// Of one execution.
    package let cost: Cost
    /// Whether the step leaves a value complete; a node of several steps has one that does.
    package let completesValues: Bool
    package fileprivate(set) var executionCount = 0
    package fileprivate(set) var nanoseconds = 0

    init(_ info: StepInfo) {
      name = info.name
      opName = info.opName
      origin = info.origin
      cost = info.cost
      completesValues = !info.results.isEmpty
    }
  }

  /// One a step, in the program's order.
  package private(set) var totals: [Total]
  private(set) var events: [Event]
  private(set) var eventCount = 0
  package private(set) var runCount = 0
  private let origin: Int
  private var stepStart = 0
  private var runStart = 0
  /// Nanoseconds of all runs, from the first step to the last.
  package private(set) var runNanoseconds = 0

  /// - Parameter eventLimit: how many executions are kept one by one; later ones only count in the
  ///   totals. By default as many as one run has, and no more than a million.
  package init(for program: Program, eventLimit: Int? = nil) {
    totals = program.main.infos.map(Total.init)
    let limit = eventLimit ?? Int(min(program.main.total { _ in 1 }, 1_000_000))
    events = [Event](repeating: Event(), count: limit)
    origin = Self.now
  }

  func startRun() { runStart = Self.now }

  func endRun() {
    runCount += 1
    runNanoseconds += Self.now - runStart
  }

  func startStep() { stepStart = Self.now }

  func endStep(_ step: Int) {
    let duration = Self.now - stepStart
    totals[step].executionCount += 1
    totals[step].nanoseconds += duration
    if eventCount < events.count {
      events[eventCount] = Event(step: step, start: stepStart - origin, duration: duration)
      eventCount += 1
    }
  }

  private static var now: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}

/// Measures every step.
struct TimingHook: StepHook {
  let statistics: RunStatistics

  func willRun(_ step: Int) { statistics.startStep() }
  func didRun(_ step: Int, _ next: Int) throws(Never) { statistics.endStep(step) }
}
