import RetortDriver
import RetortFormats
import RetortIR
import RetortRuntime
import RetortTensor
import RetortText

/// A workload at a batch, compiled and run once: ready to be measured.
package final class Benchmark {
  package let workload: Workload
  package let batch: Int
  private let executable: Executable
  /// Seconds that the process took to start, and from the beginning of the preparation to the first
  /// result.
  private let firstSeconds: Double
  private static let clock = ContinuousClock()

  /// - Parameters:
  ///   - request: threads, backend and library; its path and batch are set here.
  ///   - startup: the seconds that the process took to start; nil where another workload was prepared
  ///     in it before.
  /// - Throws: where the memory cannot be had, or a result is not finite.
  package init(
    _ workload: Workload, batch: Int, request: Request, startup: Double?
  ) throws {
    guard (1...Workload.batchLimit).contains(batch) else {
      throw Diagnostics("a batch has 1 to \(Workload.batchLimit) images, not \(batch)")
    }
    let start = Self.clock.now
    if startup == nil { ProcessFacts.forgetPeak() }
    self.workload = workload
    self.batch = batch
    var request = request
    request.path = request.library.path(workload.file)
    request.settings.append(("n", String(batch)))
    let (graph, _) = try request.graph(at: .planned)
    executable = try Executable(
      graph, backend: request.backend, threadCount: request.threadCount)
    let program = executable.program
    program.releasesWeights = true
    program.bind(writing: BenchmarkData.write(weight:_:))
    for input in graph.inputs where input.role == .input {
      BenchmarkData.write(input: input, program.view(ofInput: input.name)!)
    }
    program.run()
    firstSeconds = (startup ?? 0) + (Self.clock.now - start) / .seconds(1)
    try checkResults()
  }

  /// Times of infinities and NaN are times of nothing.
  private func checkResults() throws(Diagnostics) {
    for (name, view) in executable.program.outputs
    where view.type.element == .f32 && view.elements(Float.self).contains(where: { !$0.isFinite }) {
      throw Diagnostics("'\(name)' of \(workload.name) is not finite at batch \(batch)")
    }
  }

  /// Milliseconds of each repetition, until `seconds` have passed and there are `least`.
  package func repetitions(seconds: Double, least: Int) -> [Double] {
    let start = Self.clock.now
    var times: [Double] = []
    var last = start
    repeat {
      executable.program.run()
      let now = Self.clock.now
      times.append((now - last) / .milliseconds(1))
      last = now
    } while times.count < least || (last - start) / .seconds(1) < seconds
    return times
  }

  /// A line of the benchmark for a repetition of `milliseconds`.
  package func measurement(milliseconds: Double) throws(Diagnostics) -> Measurement {
    try checkResults()
    return Measurement(
      workload: workload.name, batch: batch, milliseconds: milliseconds,
      gigaflopsPerSecond: workload.gigaflops(batch: batch) / milliseconds * 1e3,
      arenaByteCount: executable.program.arenaByteCount, peakMemory: ProcessFacts.peakMemory,
      firstSeconds: firstSeconds)
  }

  package static func median(_ times: [Double]) -> Double {
    let sorted = times.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

/// What was measured of a workload at a batch.
package struct Measurement: Sendable {
  package let workload: String
  package let batch: Int
  package let milliseconds: Double
  package let gigaflopsPerSecond: Double
  package let arenaByteCount: Int
  /// MiB.
  package let peakMemory: Double
  package let firstSeconds: Double

  init(
    workload: String, batch: Int, milliseconds: Double, gigaflopsPerSecond: Double,
    arenaByteCount: Int, peakMemory: Double, firstSeconds: Double
  ) {
    self.workload = workload
    self.batch = batch
    self.milliseconds = milliseconds
    self.gigaflopsPerSecond = gigaflopsPerSecond
    self.arenaByteCount = arenaByteCount
    self.peakMemory = peakMemory
    self.firstSeconds = firstSeconds
  }

  package var json: JSONValue {
    .object([
      "workload": .string(workload), "batch": .number(batch),
      "ms": .number(milliseconds, decimals: 4), "gflops": .number(gigaflopsPerSecond, decimals: 1),
      "arena_bytes": .number(arenaByteCount), "peak_rss_mib": .number(peakMemory, decimals: 1),
      "first_s": .number(firstSeconds, decimals: 3),
    ])
  }

  /// From a line that another process printed.
  package init?(json: JSONValue) {
    guard let workload = json["workload"]?.string, let batch = json["batch"]?.int,
      let milliseconds = json["ms"]?.double, let rate = json["gflops"]?.double,
      let arena = json["arena_bytes"]?.int, let peak = json["peak_rss_mib"]?.double,
      let first = json["first_s"]?.double
    else { return nil }
    self.init(
      workload: workload, batch: batch, milliseconds: milliseconds, gigaflopsPerSecond: rate,
      arenaByteCount: arena, peakMemory: peak, firstSeconds: first)
  }
}

extension JSONValue {
  /// A number rounded to so many decimals.
  package static func number(_ value: Double, decimals: Int) -> JSONValue {
    let scale = (0..<decimals).reduce(1.0) { scale, _ in 10 * scale }
    let rounded = (value * scale).rounded() / scale
    return rounded.isFinite ? .number("\(rounded)") : .null
  }
}
