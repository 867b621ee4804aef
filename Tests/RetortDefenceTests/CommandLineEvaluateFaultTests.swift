import Foundation
import RetortDefence
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// Evaluations that end too early, and what stays of those before them.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineEvaluateFaultTests {
  private let space: TemporaryFolder
  private let data: String

  /// Ten drawn images.
  init() throws {
    space = try TemporaryFolder()
    try SyntheticSet.write(to: space.file("data"), training: 1, test: 10)
    data = space.file("data/test_batch.bin")
  }

  private func evaluation(
    _ recipe: String, data: String? = nil, to target: String
  ) -> [String] {
    [
      "evaluate", recipe, "--data", data ?? self.data, "-o", space.file(target), "--threads", "1",
      "--graphs", Repository.library.folder,
    ]
  }

  /// The SHA-256 of each file of a folder.
  private func sums(inFolder name: String) throws -> [String: String] {
    var sums: [String: String] = [:]
    for file in try InputFile.names(inFolder: space.file(name)) {
      sums[file] = SHA256.hexadecimal(try space.bytes(name + "/" + file))
    }
    return sums
  }

  // MARK: Killed

  /// Runs until the cache holds more blocks than that, and ends the process there.
  private func interrupted(
    _ words: [String], by signal: Int32, beyond count: Int
  ) throws -> CommandLineProgram.Outcome {
    let running = try CommandLineProgram.Running(words, folder: space.path)
    try running.wait { blockCount > count }
    kill(running.identifier, signal)
    return try running.wait()
  }

  private var blockCount: Int {
    let names = (try? InputFile.names(inFolder: space.file("part.cache"))) ?? []
    return names.count { $0.hasSuffix(".safetensors") }
  }

  /// A block of the points takes far longer than a look at the cache, and five of them come first:
  /// no block is being written when the signal comes, and there is always something left to do.
  @Test func aKilledEvaluationGoesOnWithWhatWasFinished() throws {
    let recipe = try space.write(
      """
      {"kind": "evaluation", "backbone": "tiny", "batch": 2,
       "weights": ["classifier-synthetic.safetensors"],
       "arms": [{"name": "none"}, {"name": "random", "purifier": "purifiers/random.graph"}],
       "attacks": [{"name": "PGD", "graph": "attacks/pgd.graph", "set": {"steps": 100}}]}
      """, to: "recipe.json")
    let words = evaluation(recipe, to: "part")
    let store = try EvaluationStore(space.file("part.cache"))
    var kept: [String: String] = [:]
    let ends: [(signal: Int32, code: Int32)] = [(SIGKILL, 137), (SIGINT, 130)]
    for (signal, code) in ends {
      let outcome = try interrupted(words, by: signal, beyond: kept.count)
      #expect(outcome.code == code, "\(outcome.error)")
      #expect(outcome.output.isEmpty)
      // Neither a report nor a part of one.
      #expect(space.names == ["data", "part.cache", "recipe.json"])
      let blocks = try sums(inFolder: "part.cache")
      #expect(blocks.count > kept.count)
      for name in blocks.keys {
        #expect(name.hasSuffix(".safetensors"), "\(name)")
        let identity = String(name.dropLast(".safetensors".count))
        #expect(store.block(identity, holding: [:]) != nil, "\(name) is not whole")
      }
      for (name, sum) in kept { #expect(blocks[name] == sum, "\(name) was computed again") }
      kept = blocks
    }

    let finished = try CommandLineProgram.run(words)
    #expect(finished.code == 0, "\(finished.error)")
    // A block holds the time that it took: computed again it would have other bytes.
    let blocks = try sums(inFolder: "part.cache")
    #expect(blocks.count > kept.count)
    for (name, sum) in kept { #expect(blocks[name] == sum, "\(name) was computed again") }
    let whole = try CommandLineProgram.run(evaluation(recipe, to: "whole"))
    #expect(whole.code == 0, "\(whole.error)")
    for suffix in ["json", "md", "html"] {
      #expect(try space.bytes("part.\(suffix)") == space.bytes("whole.\(suffix)"))
    }
    #expect(!space.names.contains { $0.hasSuffix(".tmp") })
  }

  // MARK: Wrong

  private func recipe(
    arm: String = "", graph: String = "attacks/fgsm.graph", attack: String = "",
    _ rest: String = "", to name: String = "wrong.json"
  ) throws -> String {
    try space.write(
      """
      {"kind": "evaluation", "backbone": "tiny", "batch": 2, "images": 4,
       "weights": ["classifier-synthetic.safetensors"],
       "arms": [{"name": "none"}, {"name": "random", "purifier": "purifiers/random.graph"\(arm)}],
       "attacks": [{"name": "clean"}, {"name": "FGSM", "graph": "\(graph)"\(attack)}]\(rest)}
      """, to: name)
  }

  /// Everything that an evaluation leaves.
  private func left() throws -> [String: String] {
    var sums = try sums(inFolder: "report.cache")
    for name in space.names where name.hasPrefix("report.") && name != "report.cache" {
      sums[name] = SHA256.hexadecimal(try space.bytes(name))
    }
    return sums
  }

  @Test func whatIsWrongLeavesReportAndCacheAsTheyWere() throws {
    let good = try recipe(to: "recipe.json")
    let outcome = try CommandLineProgram.run(evaluation(good, to: "report"))
    try #require(outcome.code == 0, "\(outcome.error)")
    let before = try left()
    #expect(
      Set(before.keys).isSuperset(
        of: ["report.html", "report.json", "report.md", "report.timing.json"]))
    #expect(before.keys.contains { $0.hasSuffix(".safetensors") })
    func refused(
      _ recipe: String, _ sentence: String, data: String? = nil, more: [String] = []
    ) throws {
      let outcome = try CommandLineProgram.run(
        evaluation(recipe, data: data, to: "report") + more)
      #expect(outcome.code == 1, "\(sentence): \(outcome.error)")
      #expect(outcome.output.isEmpty, "\(sentence)")
      #expect(outcome.error.contains(sentence), "\(outcome.error)")
      let errors = outcome.error.split(separator: "\n").filter { $0.contains("error:") }
      #expect(errors.count == 1, "\(outcome.error)")
      #expect(try left() == before, "\(sentence)")
    }

    let wide = try space.write(
      [("conv1.weight", HostTensor(zeros: TensorType(.f32, [16, 3, 3, 3])))],
      to: "wide.safetensors")
    try refused(
      good, "\(wide): error: 'conv1.weight' is f32[16, 3, 3, 3], but the definition expects f32[8",
      more: ["--weights", wide])

    var bytes = try InputFile.read(data)
    let short = try space.write(Array(bytes.dropLast()), to: "short.bin")
    try refused(good, "\(short): error: has 30729 bytes", data: short)
    bytes[2 * 3073] = 10
    let strange = try space.write(bytes, to: "strange.bin")
    try refused(good, "\(strange): error: record 2 has the label 10", data: strange)

    let missing = try recipe(graph: "attacks/fgsmm.graph")
    try refused(
      missing, "\(missing): error: names the graph \"attacks/fgsmm.graph\", which there is not")
    try refused(missing, "did you mean fgsm.graph?")
    let through = try recipe(graph: "attacks/bpda.graph", attack: #", "set": {"steps": 1}"#)
    try refused(
      through,
      "\(through): error: has the attack \"FGSM\", whose graph goes through a purifier, without")
    try refused(
      recipe(attack: #", "epsilon": 8"#), "has the radius 8 for \"FGSM\", expected one of at most 1"
    )
    try refused(recipe(attack: #", "epsilon": "0""#), "is 0, expected a radius above 0")
    try refused(recipe(attack: #", "epsilon": "nan""#), "is nan, expected a number of 0 or more")
    let radius = "error: epsilon is a radius above 0, not "
    try refused(recipe(arm: #", "set": {"epsilon": 0}"#), radius + "0")
    try refused(recipe(arm: #", "set": {"epsilon": "nan"}"#), radius + "nan")
    try refused(recipe(arm: #", "set": {"epsilon": 8}"#), "images are in 0...1, and epsilon is 8")
    func sweep(_ fields: String) -> String {
      #", "sweeps": [{"name": "curve", "attack": "FGSM", "values": [0, "4/255"], \#(fields)}]"#
    }
    try refused(recipe(sweep(#""arms": ["none"]"#)), "holds a radius of 0")
    try refused(recipe(sweep(#""arms": ["random"], "set": "epsilon""#)), radius + "0")
  }
}
