import RetortIR
import RetortText

/// What a measured run took, as texts: a table for people, a trace for `chrome://tracing`.
package struct ProfileReport {
  /// What a run is measured against.
  package struct Limits: Sendable {
    package var threadCount: Int
    /// Floating-point operations a second.
    package var peak: Double
    package var arenaByteCount: Int
    /// The largest sum of bytes that are needed at one step.
    package var arenaLowerBound: Int

    package init(threadCount: Int, peak: Double, arenaByteCount: Int, arenaLowerBound: Int) {
      self.threadCount = threadCount
      self.peak = peak
      self.arenaByteCount = arenaByteCount
      self.arenaLowerBound = arenaLowerBound
    }
  }

  private let statistics: RunStatistics
  private let limits: Limits?

  package init(_ statistics: RunStatistics, limits: Limits? = nil) {
    self.statistics = statistics
    self.limits = limits
  }

  /// One row a name, the longest first: executions, milliseconds and share of a run, GFLOP/s and
  /// their share of the peak, bytes of a run, GB/s, and where it comes from. Then the sums and what
  /// the run is measured against.
  package var table: String {
    let rows = ProfileRow.rows(of: statistics)
    let whole = rows.reduce(0) { $0 + $1.nanoseconds }
    var table = TextTable(
      [
        "name", "value", "operation", "calls", "ms", "%", "GFLOP/s", "% peak", "MiB", "GB/s",
        "from",
      ],
      alignments: [.left, .left, .left] + Array(repeating: .right, count: 7) + [.left])
    for row in rows {
      let others = row.otherCount > 0 ? " +\(row.otherCount)" : ""
      table.add(
        [row.name, row.value + others, row.opName]
          + figures(row.callCount, row.nanoseconds, of: whole, row.flops, row.byteCount)
          + [row.place])
    }
    let calls = rows.reduce(0) { $0 + $1.callCount }
    let flops = rows.reduce(0) { $0 + $1.flops }
    let byteCount = rows.reduce(0) { $0 + $1.byteCount }
    table.add(["total", "", ""] + figures(calls, whole, of: whole, flops, byteCount) + [""])
    return table.text + summary
  }

  /// A row's cells from calls to GB/s.
  private func figures(
    _ calls: Int, _ nanoseconds: Int, of whole: Int, _ flops: Double, _ byteCount: Double
  ) -> [String] {
    let runs = max(1, statistics.runCount)
    let seconds = Double(nanoseconds) * 1e-9
    let share = whole == 0 ? 0 : 100 * Double(nanoseconds) / Double(whole)
    var ofPeak = ""
    if let limits, limits.peak > 0, flops > 0, seconds > 0 {
      ofPeak = DecimalText.fixed(100 * flops / seconds / limits.peak, 1)
    }
    return [
      String(calls / runs), DecimalText.fixed(seconds * 1e3 / Double(runs), 3),
      DecimalText.fixed(share, 1),
      Self.rate(flops, seconds), ofPeak, DecimalText.fixed(byteCount / Double(runs) / 1_048_576, 2),
      Self.rate(byteCount, seconds),
    ]
  }

  private var summary: String {
    let runs = max(1, statistics.runCount)
    let run = DecimalText.fixed(Double(statistics.runNanoseconds) * 1e-6 / Double(runs), 3)
    guard let limits else { return "\nrun \(run) ms\n" }
    let threads = limits.threadCount == 1 ? "1 thread" : "\(limits.threadCount) threads"
    let ratio =
      limits.arenaLowerBound == 0
      ? 1 : Double(limits.arenaByteCount) / Double(limits.arenaLowerBound)
    return """

      run \(run) ms with \(threads); their measured peak is \(DecimalText.fixed(limits.peak * 1e-9, 1)) GFLOP/s
      arena \(limits.arenaByteCount) bytes, lower bound \(limits.arenaLowerBound), ratio \
      \(DecimalText.fixed(ratio, 3))

      """
  }

  /// Complete events in the trace event format, times in microseconds.
  package var chromeTrace: String {
    var lines: [String] = []
    for event in statistics.events.prefix(statistics.eventCount) {
      let total = statistics.totals[event.step]
      let seconds = Double(event.duration) * 1e-9
      var arguments = [
        "\"value\":\(JSONText.quoted(total.name))",
        "\"from\":\(JSONText.quoted(total.origin.description))",
        "\"flops\":\(total.cost.flops)", "\"bytes\":\(total.cost.byteCount)",
      ]
      let speed = Self.rate(Double(total.cost.flops), seconds)
      if !speed.isEmpty { arguments.append("\"gflops\":\(speed)") }
      let name = total.origin.path.isEmpty ? total.name : "\(total.origin.path) \(total.name)"
      lines.append(
        "{\"name\":\(JSONText.quoted(name)),\"cat\":\(JSONText.quoted(total.opName)),"
          + "\"ph\":\"X\",\"pid\":0,\"tid\":0,\"ts\":\(DecimalText.fixed(Double(event.start) / 1000, 3)),"
          + "\"dur\":\(DecimalText.fixed(Double(event.duration) / 1000, 3)),"
          + "\"args\":{\(arguments.joined(separator: ","))}}")
    }
    return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + lines.joined(separator: ",\n")
      + "\n]}\n"
  }

  /// Thousand millions a second; empty where there is nothing to rate.
  private static func rate(_ amount: Double, _ seconds: Double) -> String {
    amount == 0 || seconds == 0 ? "" : DecimalText.fixed(amount / seconds * 1e-9, 1)
  }
}
