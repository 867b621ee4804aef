import Foundation
import RetortFormats
import RetortTestSupport
import Testing

/// Evaluations from the command line.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineEvaluateTests {
  private let space: TemporaryFolder
  private let library = ["--graphs", Repository.library.folder]

  init() throws { space = try TemporaryFolder() }

  private func recipe(_ fields: String = "", arm: String = "") throws -> String {
    try space.write(
      """
      {"kind": "evaluation", "backbone": "tiny", "batch": 2, "weights": ["classifier-synthetic.safetensors"],
       "arms": [{"name": "none"}\(arm)], "attacks": [{"name": "clean"}, {"name": "FGSM", "graph": "attacks/fgsm.graph"}]\(fields)}
      """, to: "recipe.json")
  }

  /// Six drawn images.
  private func draw() throws -> String {
    let drawn = try CommandLineProgram.run(
      ["data", "synthetic", "-o", space.file("data"), "--training", "10", "--test", "6"])
    try #require(drawn.code == 0, "\(drawn.error)")
    return space.file("data/test_batch.bin")
  }

  /// Not behind the work, whose results would be lost on the screen too.
  @Test func theFolderOfTheReportIsMadeFirst() throws {
    let words = ["evaluate", try recipe(), "--data", try draw(), "--threads", "1"] + library
    let made = try CommandLineProgram.run(
      words + ["-o", space.file("made/report"), "--cache", space.file("kept")])
    #expect(made.code == 0, "\(made.error)")
    #expect(space.exists("made/report.json"))
    let file = try space.write("", to: "file")
    let refused = try CommandLineProgram.run(
      words + ["-o", file + "/report", "--cache", space.file("other")])
    #expect(refused.code == 1)
    #expect(refused.error.contains(": error: "), "\(refused.error)")
    #expect(try InputFile.names(inFolder: space.file("other")).isEmpty)
  }

  @Test func shardsJoinToTheReportOfOneRun() throws {
    let words = ["evaluate", try recipe(), "--data", try draw(), "--threads", "1"] + library
    func run(_ more: String...) throws {
      let outcome = try CommandLineProgram.run(words + more)
      try #require(outcome.code == 0, "\(outcome.error)")
    }
    try run("-o", space.file("whole"))
    try run("-o", space.file("part"), "--shard", "1/2")
    try run("-o", space.file("part"), "--shard", "2/2")
    let shards = [1, 2].map { space.file("part.shard-\($0)-of-2.json") }
    let merged = try CommandLineProgram.run(
      ["evaluate", "--merge"] + shards + ["-o", space.file("made/joined")])
    #expect(merged.code == 0, "\(merged.error)")
    for suffix in ["json", "md", "html"] {
      #expect(try space.bytes("made/joined.\(suffix)") == space.bytes("whole.\(suffix)"))
    }
    let times = try JSONParser.parse(space.bytes("made/joined.timing.json"))["parts"]?.array
    #expect(times?.map { $0["images"]?.int } == times?.map { _ in 6 })
    #expect(times?.isEmpty == false)
    #expect(
      try JSONParser.parse(space.bytes("made/joined.json"))["results"]?["recipe"]?["name"]?.string
        == "recipe.json")

    // One that is missing is asked for, and no report is named that there is not.
    let half = try CommandLineProgram.run(
      ["evaluate", "--merge", shards[0], "-o", space.file("half")])
    #expect(
      half.error.hasPrefix(
        "error: of 2 shards 1 is missing: 2\n    = hint: give NAME.shard-2-of-2.json too"),
      "\(half.error)")

    // A pattern that names the times too gives the same, and nobody is told of another build.
    #expect(!merged.error.contains("note:"))
    let beside = [1, 2].map { space.file("part.shard-\($0)-of-2.timing.json") }
    let globbed = try CommandLineProgram.run(
      ["evaluate", "--merge", shards[0], beside[0], shards[1], beside[1], "-o"]
        + [space.file("globbed")])
    #expect(globbed.code == 0, "\(globbed.error)")
    #expect(try space.bytes("globbed.json") == space.bytes("whole.json"))
    #expect(try space.bytes("globbed.timing.json") == space.bytes("made/joined.timing.json"))

    // So many files are taken; what is wrong is said of what they hold.
    let many = try CommandLineProgram.run(
      ["evaluate", "--merge", "-o", space.file("many")]
        + [String](repeating: shards[0], count: 100))
    #expect(many.code == 1)
    #expect(many.error.contains("shard 1 of 2 comes twice"))

    // Shards of another build.
    let others = try [1, 2].map { number in
      let text = String(
        decoding: try space.bytes("part.shard-\(number)-of-2.json"), as: UTF8.self)
      let changed = text.replacing(/build [0-9a-f]{16}/, with: "build 0123")
      return try space.write(changed, to: "other-\(number).json")
    }
    let rendered = try CommandLineProgram.run(
      ["evaluate", "--merge"] + others + ["-o", space.file("rendered")])
    #expect(rendered.code == 0, "\(rendered.error)")
    #expect(rendered.error.hasPrefix("note: the shards are of retort "))
    #expect(rendered.error.contains(", build 0123, "))

    // Nothing of a recipe goes with it, and no shard is replaced.
    let limited = try CommandLineProgram.run(
      ["evaluate", "--merge", "--count", "2"] + shards + ["-o", space.file("joined")])
    #expect(limited.code == 64)
    #expect(limited.error.contains("'--count' does not go with '--merge'"))
    let replacing = try CommandLineProgram.run(
      ["evaluate", "--merge"] + shards + ["-o", shards[1]])
    #expect(replacing.code == 1)
    #expect(replacing.error.hasPrefix("\(shards[1]): error: would be replaced"))

    // A whole report is no shard, and says so.
    let whole = try CommandLineProgram.run(
      ["evaluate", "--merge", space.file("whole.json"), "-o", space.file("again")])
    #expect(whole.code == 1)
    #expect(
      whole.error.hasPrefix("\(space.file("whole.json")): error: is a whole report, not a shard\n"))
  }

  /// A block holds the time that it took: computed again it would have other bytes.
  @Test func reportsShareACache() throws {
    let words = ["evaluate", try recipe(), "--data", try draw(), "--threads", "1"] + library
    func blocks(after report: String) throws -> [String: [UInt8]] {
      let outcome = try CommandLineProgram.run(
        words + ["--cache", space.file("kept"), "-o", space.file(report)])
      try #require(outcome.code == 0, "\(outcome.error)")
      let names = try InputFile.names(inFolder: space.file("kept"))
      return try Dictionary(
        uniqueKeysWithValues: names.map { ($0, try space.bytes("kept/" + $0)) })
    }
    let first = try blocks(after: "a")
    #expect(!first.isEmpty)
    #expect(try blocks(after: "b") == first)
    #expect(!space.exists("a.cache") && !space.exists("b.cache"))
    #expect(try space.bytes("a.json") == space.bytes("b.json"))
  }

  @Test func aFolderOfTrainingImagesIsNotEvaluatedOn() throws {
    _ = try draw()
    let folder = space.file("data")
    let outcome = try CommandLineProgram.run(
      ["evaluate", recipe(), "--data", folder, "-o", space.file("r")] + library)
    #expect(outcome.code == 1)
    #expect(outcome.error.hasPrefix("\(folder): error: is a folder, whose training images"))
    #expect(outcome.error.contains("\(folder)/test_batch.bin"))
  }

  /// Nor does the recipe ask for them.
  @Test func moreImagesThanThereAreAreNotCounted() throws {
    let data = try draw()
    let outcome = try CommandLineProgram.run(
      ["evaluate", recipe(), "--data", data, "--count", "7", "-o", space.file("r")] + library)
    #expect(outcome.code == 1)
    #expect(outcome.error == "\(data): error: has 6 images, '--count' asks for 7\n")
  }

  @Test func whatIsWrongInARecipeIsToldAsItsOwn() throws {
    let data = try draw()
    func complaint(_ recipe: String) throws -> String {
      let outcome = try CommandLineProgram.run(
        ["evaluate", recipe, "--data", data, "-o", space.file("r")] + library)
      #expect(outcome.code == 1)
      return outcome.error
    }
    let arm = #", {"name": "one", "purifier": "purifiers/random.graph", "set": {"stps": 1}}"#
    #expect(
      try complaint(recipe(arm: arm)).hasPrefix(
        "\(space.file("recipe.json")): error: the arm \"one\", stps=1: 'purify' has no argument"))
    let training = try space.write(#"{"kind": "training", "epochs": 1}"#, to: "train.json")
    #expect(
      try complaint(training).hasPrefix(
        "\(training): error: \"kind\" is \"training\", expected \"evaluation\"; 'retort train' runs it\n"
      ))
    #expect(
      try complaint(recipe(#", "images": 7"#)).hasPrefix(
        "\(space.file("recipe.json")): error: asks for 7 images, the data has 6\n"))
  }
}
