import RetortDriver
import RetortOnnx
import RetortPasses
import RetortTestSupport
import Testing

/// What the documents show works, and what is generated is current.
@Suite struct DocumentTests {
  struct Block: Sendable, CustomTestStringConvertible {
    let file: String
    let line: Int
    let text: String

    var testDescription: String { "\(file):\(line)" }
  }

  static let files =
    Repository.files(in: "Docs", suffix: ".md")
    + (Repository.exists(Repository.root + "/README.md") ? ["README.md"] : [])

  /// The blocks between ```` ```graph ```` and ```` ``` ````.
  static let blocks: [Block] = files.flatMap { file in
    var blocks: [Block] = []
    var open: (line: Int, lines: [Substring])?
    let lines = try! Repository.text(file).split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      if line == "```graph" {
        open = (index + 2, [])
      } else if line == "```", let block = open {
        blocks.append(
          Block(file: file, line: block.line, text: block.lines.joined(separator: "\n")))
        open = nil
      } else {
        open?.lines.append(line)
      }
    }
    return blocks
  }

  @Test func documentsShowGraphs() {
    #expect(Self.blocks.contains { $0.file == "Docs/language.md" })
  }

  @Test(arguments: blocks)
  func graphsInDocumentsCompile(block: Block) throws {
    let definition = try TestDefinition(
      text: block.text + "\n" + Speck.text, path: "/nowhere/\(block.file).graph")
    let own = try TestDefinition(text: block.text).definition.entries
    #expect(!own.isEmpty)
    for entry in own {
      let graph = try definition.graph(entry.name, set: GraphFileTests.settings(entry))
      let planned = try Pipeline.run(graph, through: .planned).graph
      #expect(planned.outputs.map(\.name) == graph.outputs.map(\.name))
    }
  }

  @Test func operationsPageIsCurrent() throws {
    let expected = OpReference().markdown
    let path = "Docs/ops.md"
    let current = try? Repository.text(path)
    if current != expected, Repository.records {
      try expected.write(
        toFile: "\(Repository.root)/\(path)", atomically: true, encoding: .utf8)
    }
    #expect(
      current == expected,
      "\(path) is not what 'retort ops --markdown' prints; RETORT_RECORD=1 writes it")
  }

  @Test func theLibrarysExampleIsTheOneThatIsCompiled() throws {
    let example = try Repository.text("Tests/RetortAPITests/Example.swift")
    #expect(try Repository.text("README.md").contains("```swift\n\(example)```\n"))
  }

  /// The table between its two marks in `Docs/onnx.md`.
  @Test func importedOperatorsAreCurrent() throws {
    let path = "Docs/onnx.md"
    let text = try Repository.text(path)
    let marks = ("<!-- begin: retort import --operators -->\n", "<!-- end -->")
    let head = text.components(separatedBy: marks.0)[0] + marks.0
    let tail = marks.1 + (text.components(separatedBy: marks.1).dropFirst().first ?? "")
    let expected = head + OnnxReference.markdown + tail
    if text != expected, Repository.records {
      try expected.write(toFile: "\(Repository.root)/\(path)", atomically: true, encoding: .utf8)
    }
    #expect(
      text == expected,
      "\(path) has not what 'retort import --operators' prints; RETORT_RECORD=1 writes it")
  }

  @Test(arguments: files)
  func linksBetweenDocumentsLead(file: String) throws {
    let folder = file.split(separator: "/").dropLast().joined(separator: "/")
    for part in try Repository.text(file).components(separatedBy: "](").dropFirst() {
      let target = part.prefix { $0 != ")" && $0 != "#" }
      if target.isEmpty || target.contains("://") { continue }
      let path = "\(Repository.root)/\(folder)/\(target)"
      #expect(Repository.exists(path), "\(file) links to \(target)")
    }
  }
}
