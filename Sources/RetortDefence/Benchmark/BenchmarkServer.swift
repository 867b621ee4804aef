import RetortDriver
import RetortFormats
import RetortText

/// Answers requests of a harness that alternates between competitors, a line each:
/// `{"workload": "W3", "batch": 8, "min_seconds": 0.25}` is answered by a measurement, `ms` being
/// the mean over the block, and what cannot be answered by `{"error": …}`.
///
/// The program of the last request is kept, so that the same request again only runs; it is freed
/// before another one is made.
package struct BenchmarkServer {
  private let request: Request
  private var current: Benchmark?
  /// Nil once something was prepared.
  private var startup: Double?
  /// No block is longer, whatever is asked for.
  private static let longestBlock = 3600.0

  package init(_ request: Request) {
    self.request = request
    startup = ProcessFacts.age
  }

  /// The answer to a line, without a newline.
  package mutating func answer(_ line: String) -> String {
    let json: JSONValue
    do {
      json = try JSONParser.parse(line.utf8)
    } catch {
      return Self.failure("the request \(error.message)")
    }
    do {
      return try measure(json).json.text
    } catch let error as Diagnostics {
      return Self.failure(Self.sentence(error), json)
    } catch {
      return Self.failure("\(error)", json)
    }
  }

  private mutating func measure(_ json: JSONValue) throws -> Measurement {
    guard let name = json["workload"]?.string else {
      throw Diagnostics("the request names no workload")
    }
    guard let batch = json["batch"]?.int else {
      throw Diagnostics("the request names no batch")
    }
    let seconds = json["min_seconds"].map(\.double) ?? 0
    guard let seconds, (0...Self.longestBlock).contains(seconds) else {
      throw Diagnostics("min_seconds is a number from 0 to \(Int(Self.longestBlock))")
    }
    let workload = try Workload.named(name)
    // Before the program that is kept is given up.
    guard (1...Workload.batchLimit).contains(batch) else {
      throw Diagnostics("a request takes 1 to \(Workload.batchLimit) images, not \(batch)")
    }
    if current?.workload.name != workload.name || current?.batch != batch {
      current = nil
      defer { startup = nil }
      current = try Benchmark(workload, batch: batch, request: request, startup: startup)
    }
    let times = current!.repetitions(seconds: seconds, least: 1)
    let mean = times.reduce(0, +) / Double(times.count)
    return try current!.measurement(milliseconds: mean)
  }

  private static func sentence(_ diagnostics: Diagnostics) -> String {
    diagnostics.list.map { $0.message + ($0.hint.map { " (\($0))" } ?? "") }
      .joined(separator: "; ")
  }

  /// An error with what the request asked for, as far as it said.
  private static func failure(_ message: String, _ request: JSONValue = .null) -> String {
    var members: [JSONValue.Member] = []
    for key in ["workload", "batch"] {
      if let value = request[key] { members.append(JSONValue.Member(key, value)) }
    }
    members.append(JSONValue.Member("error", .string(message)))
    return JSONValue.object(members).text
  }
}
