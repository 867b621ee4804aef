import Glibc
import RetortIR
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortText

/// How long every form of a graph's convolutions takes on this machine.
///
/// A form runs alone, without what fusion may put behind it, on a kernel that comes from memory and
/// images that come from the cache, as in a program. The forms of a case take turns, so that a
/// disturbance meets all of them, and the least time of each counts.
package struct Calibration: Sendable {
  /// A convolution and the seconds that each of its forms takes.
  package struct Row: Sendable {
    package let problem: ConvolutionCase
    package let times: [(form: ConvolutionForm, seconds: Double)]

    package var fastest: ConvolutionForm {
      times.min { $0.seconds < $1.seconds }?.form ?? .direct
    }
  }

  /// Told how many convolutions are measured, of how many.
  package typealias Observer = @Sendable (_ done: Int, _ total: Int) -> Void

  package let rows: [Row]

  package init(rows: [Row]) { self.rows = rows }

  /// Measures what leaves a choice among the convolutions of a graph before its stage `lowered`.
  package init(
    of graph: Graph, for model: ConvolutionCostModel, backend: Backend, threadCount: Int,
    observer: Observer
  ) throws {
    var problems: [ConvolutionCase] = []
    for problem in LowerConvolutions.cases(in: graph).map(model.subject)
    where problem.forms.count > 1 && !problems.contains(problem) {
      problems.append(problem)
    }
    let options = ProgramOptions(
      backend: backend, pool: ThreadPool(threadCount: threadCount))
    let sweep = try CacheSweep()
    var rows: [Row] = []
    for problem in problems {
      observer(rows.count, problems.count)
      let trials = try problem.forms.map { try FormTrial(problem, $0, options) }
      rows.append(Row(problem: problem, times: FormTrial.compare(trials, sweep)))
    }
    observer(rows.count, problems.count)
    self.rows = rows
  }

  /// For the cost model.
  package var choices: [ConvolutionCase: ConvolutionForm] {
    Dictionary(rows.map { ($0.problem, $0.fastest) }) { first, _ in first }
  }

  /// For a plan: a line a convolution, the case and each form with its microseconds, with tabs
  /// between.
  package var text: String {
    rows.map { row in
      let times = row.times.map { time in
        "\(time.form.rawValue) \(Int((time.seconds * 1e6).rounded()))"
      }
      return ([row.problem.description] + times).joined(separator: "\t")
    }.joined(separator: "\n")
  }
}

/// One form of one convolution, ready to be run and timed.
private final class FormTrial {
  /// Turns at least and at most, and the seconds after which there are enough.
  private static let (turns, enough) = (3...16, 0.05)

  private let form: ConvolutionForm
  private let program: Program
  private let image: TensorView
  private(set) var times: [Double] = []

  init(
    _ problem: ConvolutionCase, _ form: ConvolutionForm, _ options: ProgramOptions
  ) throws {
    self.form = form
    var builder = GraphBuilder(name: "convolution")
    let types = problem.operandTypes
    let packed = try problem.packing(form).inferTypes([types[1]])[0]
    let x = builder.input("x", types[0])
    let w = builder.input("w", packed)
    let y = builder.add(problem.lowered(form), [x, w])
    let graph = builder.finish(outputs: [GraphOutput(value: y, name: "y", role: .result)])
    program = try Program(MemoryPlanner.plan(graph).0, options: options)
    image = program.view(ofInput: "x")!
    for name in ["x", "w"] {
      let values = program.view(ofInput: name)!.elements(Float.self)
      // Neither zero nor denormal, and of a sum that stays small.
      for index in values.indices { values[index] = Float(index % 7 - 3) * 0.125 + 0.0625 }
    }
    program.run()
  }

  /// The least seconds of each, taken in turn.
  static func compare(
    _ trials: [FormTrial], _ sweep: CacheSweep
  ) -> [(form: ConvolutionForm, seconds: Double)] {
    var turn = 0
    while turn < turns.lowerBound
      || turn < turns.upperBound && trials.contains(where: { $0.times.reduce(0, +) < enough })
    {
      for trial in trials { trial.run(sweep) }
      turn += 1
    }
    return trials.map { ($0.form, $0.times.min()!) }
  }

  private func run(_ sweep: CacheSweep) {
    sweep.run()
    CacheSweep.read(UnsafeRawBufferPointer(start: image.base, count: image.type.byteCount))
    let clock = ContinuousClock()
    let start = clock.now
    program.run()
    times.append((clock.now - start) / .seconds(1))
  }
}

/// Drives everything else out of the caches.
private struct CacheSweep {
  /// Larger than a last-level cache's share of a few cores.
  private let memory: Arena

  init() throws(Diagnostics) {
    memory = try Arena(byteCount: 64 << 20)
    memset(memory.base, 1, memory.byteCount)
  }

  func run() { Self.read(UnsafeRawBufferPointer(start: memory.base, count: memory.byteCount)) }

  /// Loads a byte of every cache line.
  static func read(_ bytes: UnsafeRawBufferPointer) {
    var sum: UInt8 = 0
    for index in stride(from: 0, to: bytes.count, by: 64) { sum &+= bytes[index] }
    withExtendedLifetime(sum) {}
  }
}
