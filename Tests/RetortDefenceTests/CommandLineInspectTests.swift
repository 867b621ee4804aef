import Foundation
import RetortDefence
import RetortFormats
import RetortTestSupport
import Testing

@Suite(
  .enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence),
  .enabled(if: SharedCases.arePresent, "\(SharedCases.absence)"))
struct CommandLineInspectTests {
  private let space: TemporaryFolder

  /// One line of `inspect --json`.
  private struct Line: Decodable {
    let name: String?
    let dtype: String
    let shape: [Int]
    let sha256: String
    let labels: [Int]?
  }

  init() throws { space = try TemporaryFolder() }

  @Test(arguments: SharedCases.cases("cases/checkpoints"))
  func checkpointsAreListedExactlyOrRefused(_ item: SharedCases.Case) throws {
    guard let lines = try inspect(item, "cases/checkpoints") else { return }
    let tensors = try #require(item.tensors)
    #expect(lines.map(\.name) == lines.map { line in tensors.first { $0.name == line.name }?.name })
    #expect(lines.count == tensors.count)
    for wanted in tensors {
      let line = try #require(lines.first { $0.name == wanted.name })
      #expect(line.shape == wanted.shape)
      #expect(line.dtype == wanted.dtype)
      #expect(line.sha256 == wanted.sha256F32Le)
    }
  }

  @Test(arguments: SharedCases.cases("cases/images"))
  func imagesAreSummarisedExactlyOrRefused(_ item: SharedCases.Case) throws {
    guard let lines = try inspect(item, "cases/images") else { return }
    try #require(lines.count == 1)
    let shape = item.shape ?? [item.height ?? 0, item.width ?? 0, 3]
    #expect(lines[0].shape == shape)
    #expect(lines[0].labels == item.labels)
    let right =
      [item.sha256F32Le, item.sha256Rgb8].compactMap { $0 }
      + (item.sha256Rgb8AlsoRight ?? [])
    #expect(right.contains(lines[0].sha256))
    if let dtype = item.dtype { #expect(lines[0].dtype == dtype) }
  }

  /// The lines of a file that was read; nil when it was refused and may be.
  private func inspect(_ item: SharedCases.Case, _ area: String) throws -> [Line]? {
    let path = "\(Repository.shared)/\(area)/\(item.file)"
    let outcome = try CommandLineProgram.run(["inspect", "--json", path], in: space.path)
    #expect(space.names.isEmpty, "the file made one")
    if outcome.code != 0 {
      #expect(item.expect != "accept", "\(outcome.error)")
      #expect(outcome.code == 1)
      #expect(outcome.output.isEmpty)
      #expect(outcome.error.hasPrefix("\(path): error: "))
      #expect(outcome.error.count > path.count + 15)
      return nil
    }
    #expect(item.expect != "reject", "was read")
    #expect(outcome.error.isEmpty)
    let data = Data(outcome.output.utf8)
    if outcome.output.hasPrefix("[") { return try JSONDecoder().decode([Line].self, from: data) }
    return [try JSONDecoder().decode(Line.self, from: data)]
  }
}

@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineSummaryTests {
  private let space: TemporaryFolder

  init() throws { space = try TemporaryFolder() }

  @Test func aDefinitionIsListedByItsSignatures() throws {
    let file = try space.write(SmallGraphs.affine, to: "affine.graph")
    let words = ["inspect", file, "--graphs", Repository.library.folder]
    let text = try CommandLineProgram.run(words)
    #expect(text.code == 0, "\(text.error)")
    #expect(text.output.contains("affine(x: f32[n, 4]) -> (y: f32[n, 2])"))
    let json = try CommandLineProgram.run(words + ["--json"])
    let list = try JSONDecoder().decode([[String: String]].self, from: Data(json.output.utf8))
    #expect(list.first?["name"] == "affine")
  }

  @Test(arguments: ["none.graph", "none.npz", "none.retort"])
  func aMissingFileIsNamed(_ name: String) throws {
    let path = space.file(name)
    let outcome = try CommandLineProgram.run(
      ["inspect", path, "--graphs", Repository.library.folder])
    #expect(outcome.code == 1)
    #expect(outcome.error.contains(path))
    #expect(outcome.error.lowercased().contains("no such file"))
  }

  @Test func aFolderAndAnUnknownFileAreRefused() throws {
    let unknown = try space.write("hello", to: "hello.xyz")
    for path in [space.path, unknown] {
      let outcome = try CommandLineProgram.run(["inspect", path])
      #expect(outcome.code == 1)
      #expect(outcome.error.hasPrefix("\(path): error: "))
    }
    // All that is read is listed.
    let refusal = try CommandLineProgram.run(["inspect", unknown]).error
    for suffix in [".safetensors", ".png", ".bin", ".graph", ".onnx", ".retort", ".json"] {
      #expect(refusal.contains(suffix), "\(refusal)")
    }
  }

  private func summary(_ path: String) throws -> (text: String, json: JSONValue) {
    let (text, json) = try (
      CommandLineProgram.run(["inspect", path]),
      CommandLineProgram.run(["inspect", "--json", path])
    )
    #expect(text.code == 0 && json.code == 0, "\(text.error)\(json.error)")
    return (text.output, try JSONParser.parse(json.output.utf8))
  }

  @Test func recipesAreSummarised() throws {
    let recipes = Repository.library.path("recipes/")
    let training = try summary(recipes + "heads-synthetic.json")
    #expect(training.text.hasPrefix("kind     training\n"), "\(training.text)")
    #expect(training.text.contains("\ngraph    training/heads.graph\n"), "\(training.text)")
    #expect(training.json["epochs"]?.string != nil)
    let evaluation = try summary(recipes + "evaluation-demo.json")
    #expect(evaluation.text.hasPrefix("kind "), "\(evaluation.text)")
    let recipe = try EvaluationRecipe(reading: recipes + "evaluation-demo.json")
    let arms = recipe.arms.map(\.name)
    #expect(evaluation.text.contains(arms.joined(separator: ", ") + "\n"))
    #expect(evaluation.json["arms"]?.array?.compactMap(\.string) == arms)
  }

  @Test func reportsAreSummarised() throws {
    let results = EvaluationSample.results(images: 20)
    let path = try space.write(try ReportJSON.bytes(results), to: "report.json")
    let (text, json) = try summary(path)
    #expect(text.contains("images    20\n"), "\(text)")
    #expect(text.hasSuffix("\n\n" + ReportMarkdown.headline(results) + "\n"), "\(text)")
    #expect(json["kind"]?.string == "report")
    #expect(json["cells"]?.array?.first?["arm"]?.string == "none")
  }

  @Test(arguments: [
    (#"{"kind": "baking"}"#, #""kind" is "baking", expected "training" or "evaluation""#),
    (#"{"a": 1}"#, "is JSON, but neither a recipe nor a report"),
    (#"{"results": {}}"#, "is not a report: "),
    ("{", "is not JSON at line 1, column 2: "),
  ])
  func otherJSONIsRefused(text: String, sentence: String) throws {
    let path = try space.write(text, to: "other.json")
    let outcome = try CommandLineProgram.run(["inspect", path])
    #expect(outcome.code == 1)
    #expect(outcome.error.hasPrefix("\(path): error: \(sentence)"), "\(outcome.error)")
  }

  @Test func foldersOfImagesAreCountedBySize() throws {
    let pictures = [("a.png", 4, 5), ("b.png", 4, 5), ("c.png", 6, 5)]
    try AtomicFile.createFolder(space.file("pictures"))
    for (name, width, height) in pictures {
      let image = RGBImage(
        width: width, height: height, bytes: [UInt8](repeating: 7, count: 3 * width * height))
      try space.write(PNG.encode(image), to: "pictures/" + name)
    }
    try space.write("", to: "pictures/notes.txt")
    let (text, json) = try summary(space.file("pictures"))
    #expect(text.hasPrefix("folder of PNG files, 3 images\n"), "\(text)")
    #expect(text.contains("\n4x5        2\n6x5        1\n"), "\(text)")
    #expect(text.hasSuffix("\nno PNG files: 'notes.txt'\n"), "\(text)")
    #expect(json["images"]?.int == 3 && json["sizes"]?.array?.count == 2)
  }
}
