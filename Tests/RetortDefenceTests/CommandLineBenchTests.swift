import Foundation
import RetortFormats
import RetortTestSupport
import Testing

/// `retort bench`: what it prints, what it answers, and what it refuses. Times are not looked at.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineBenchTests {
  private let space: TemporaryFolder
  private static let keys = [
    "workload", "batch", "ms", "gflops", "arena_bytes", "peak_rss_mib", "first_s",
  ]

  init() throws { space = try TemporaryFolder() }

  private func bench(
    _ words: [String], input: String = "/dev/null"
  ) throws -> CommandLineProgram.Outcome {
    try CommandLineProgram.run(
      ["bench", "--graphs", Repository.library.folder, "--threads", "1"] + words, input: input)
  }

  private func lines(_ text: String) throws -> [JSONValue] {
    try text.split(separator: "\n").map { try JSONParser.parse($0.utf8) }
  }

  private func expectMeasurement(_ line: JSONValue, _ workload: String, _ batch: Int) throws {
    guard case .object(let members) = line else {
      Issue.record("\(line)")
      return
    }
    #expect(members.map(\.key) == Self.keys)
    #expect(line["workload"]?.string == workload)
    #expect(line["batch"]?.int == batch)
    for key in Self.keys.dropFirst(2) {
      let value = try #require(line[key]?.double, "\(key)")
      #expect(value > 0, "\(key)")
    }
  }

  @Test func aMeasurementIsOneLine() throws {
    let outcome = try bench(["--workload", "w1", "--batch", "1", "--seconds", "0", "--json"])
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(outcome.error.isEmpty)
    let found = try lines(outcome.output)
    #expect(found.count == 1)
    try expectMeasurement(try #require(found.first), "W1", 1)
  }

  @Test func peopleGetATable() throws {
    let outcome = try bench([
      "--workload", "W1", "--batch", "1", "--batch", "2", "--seconds", "0",
    ])
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(outcome.error == "W1, batch 1 …\nW1, batch 2 …\n")
    let rows = outcome.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(outcome.output.hasPrefix("workload  batch"))
    #expect(rows.count == 4)
    #expect(rows.suffix(2).map { $0.prefix(2) } == [["W1", "1"], ["W1", "2"]])
  }

  @Test func aServerAnswersEveryLineWithOne() throws {
    let requests = try space.write(
      """
      {"workload": "W1", "batch": 1, "min_seconds": 0}
      nonsense

      {"workload": "W1", "batch": 1}
      {"workload": "W9", "batch": 1}
      {"workload": "W1"}
      {"workload": "W1", "batch": 0}
      {"workload": "W1", "batch": 1.5}
      {"workload": "W1", "batch": 1, "min_seconds": -1}
      {"workload": "W1", "batch": 1, "min_seconds": "long"}
      [1, 2]
      {"workload": "W1", "batch": 2, "min_seconds": 0}
      """, to: "requests")
    let outcome = try bench(["--serve"], input: requests)
    #expect(outcome.code == 0, "\(outcome.error)")
    let answers = try lines(outcome.output)
    try #require(answers.count == 12)
    try expectMeasurement(answers[0], "W1", 1)
    try expectMeasurement(answers[3], "W1", 1)
    try expectMeasurement(answers[11], "W1", 2)
    // The program was kept for the second request.
    #expect(answers[0]["first_s"] == answers[3]["first_s"])
    for (index, part) in [
      (1, "not JSON"), (2, "not JSON"), (4, "no workload 'W9'"), (5, "names no batch"),
      (6, "1 to 4096 images, not 0"), (7, "names no batch"), (8, "min_seconds"),
      (9, "min_seconds"), (10, "names no workload"),
    ] {
      let error = try #require(answers[index]["error"]?.string, "answer \(index)")
      #expect(error.contains(part), "\(error)")
    }
    #expect(answers[4]["workload"]?.string == "W9")
  }

  @Test func aServerWithoutRequestsEnds() throws {
    let outcome = try bench(["--serve"])
    #expect(outcome.code == 0)
    #expect(outcome.output.isEmpty)
  }

  @Test(arguments: [
    (["--workload", "W8"], "'--workload' takes one of W1, W2, W3, W4, W5, W6, W7, got 'W8'"),
    (["--batch", "0"], "'--batch' takes a whole number from 1 to 4096, got '0'"),
    (["--batch", "x"], "'--batch' takes a whole number from 1 to 4096, got 'x'"),
    (["--seconds", "-1"], "'--seconds' takes a number from 0 to 3600, got '-1'"),
    (["--serve", "--limits"], "'--serve' and '--limits' do not go together"),
    (["--compile", "--batch", "1"], "'--batch' does not go with '--compile'"),
    (["W1"], "'W1' is one argument too many"),
  ])
  func wrongWordsAreTold(_ words: [String], _ sentence: String) throws {
    let outcome = try bench(words)
    #expect(outcome.code == 64)
    #expect(outcome.output.isEmpty)
    #expect(outcome.error.contains("retort bench: \(sentence)"), "\(outcome.error)")
  }
}
