import RetortIR
import RetortText

/// What a measured run took, as texts: a table for people, a trace for `chrome://tracing`.
package struct ProfileReport {
  private let statistics: RunStatistics

  package init(_ statistics: RunStatistics) { self.statistics = statistics }

  /// One row a step that was run, the longest first: milliseconds a run, share, executions a run,
  /// GFLOP/s, GB/s, and where the step comes from.
  package var table: String {
    let runs = max(1, statistics.runCount)
    let whole = statistics.totals.reduce(0) { $0 + $1.nanoseconds }
    var table = TextTable(
      ["value", "operation", "ms", "%", "times", "GFLOP/s", "GB/s", "from"],
      alignments: [.left, .left, .right, .right, .right, .right, .right, .left])
    let rows = statistics.totals.enumerated().filter { $0.element.executionCount > 0 }
      .sorted { ($1.element.nanoseconds, $0.offset) < ($0.element.nanoseconds, $1.offset) }
    for (_, total) in rows {
      let seconds = Double(total.nanoseconds) * 1e-9
      let share = whole == 0 ? 0 : 100 * Double(total.nanoseconds) / Double(whole)
      let executions = Double(total.executionCount)
      table.add([
        total.name, total.opName, Self.fixed(seconds * 1e3 / Double(runs), 3),
        Self.fixed(share, 1), String(total.executionCount / runs),
        Self.rate(Double(total.cost.flops) * executions, seconds),
        Self.rate(Double(total.cost.byteCount) * executions, seconds), total.origin.description,
      ])
    }
    return table.text
  }

  /// Complete events in the trace event format, times in microseconds.
  package var chromeTrace: String {
    var lines: [String] = []
    for event in statistics.events.prefix(statistics.eventCount) {
      let total = statistics.totals[event.step]
      let arguments = [
        "\"value\":\(JSONPrinter.quoted(total.name))", "\"from\":\(JSONPrinter.quoted(total.origin.description))",
        "\"flops\":\(total.cost.flops)", "\"bytes\":\(total.cost.byteCount)",
      ]
      let name = total.origin.path.isEmpty ? total.name : "\(total.origin.path) \(total.name)"
      lines.append(
        "{\"name\":\(JSONPrinter.quoted(name)),\"cat\":\(JSONPrinter.quoted(total.opName)),\"ph\":\"X\","
          + "\"pid\":0,\"tid\":0,\"ts\":\(Self.fixed(Double(event.start) / 1000, 3)),"
          + "\"dur\":\(Self.fixed(Double(event.duration) / 1000, 3)),"
          + "\"args\":{\(arguments.joined(separator: ","))}}")
    }
    return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + lines.joined(separator: ",\n")
      + "\n]}\n"
  }

  /// Thousand millions a second; empty where there is nothing to rate.
  private static func rate(_ amount: Double, _ seconds: Double) -> String {
    amount == 0 || seconds == 0 ? "" : fixed(amount / seconds * 1e-9, 1)
  }

  /// A number that is not negative with a fixed number of decimals.
  private static func fixed(_ value: Double, _ decimals: Int) -> String {
    let scale = (0..<decimals).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((value * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    let zeros = String(repeating: "0", count: decimals - fraction.count)
    return "\(scaled / scale).\(zeros)\(fraction)"
  }
}
