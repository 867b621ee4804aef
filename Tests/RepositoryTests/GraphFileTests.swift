import RetortDriver
import RetortIR
import RetortPasses
import RetortSyntax
import RetortTestSupport
import Testing

/// Every file of `graphs/` compiles, and what any stage prints reads back. Where a backbone is asked
/// for, it is one layer; the deep ones are files of their own.
@Suite struct GraphFileTests {
  static let files = Repository.files(in: "graphs", suffix: ".graph")

  /// Small values for what an entry leaves open.
  static let arguments = ["steps": "1", "views": "2", "backbone": "speck", "pooled_width": "8"]
  static let dimensions = [
    "n": "2", "m": "2", "c": "4", "h": "8", "w": "8", "s": "8", "t": "8", "k": "5", "d": "3",
    "r": "4", "rows": "4",
  ]

  static func settings(_ entry: Definition.Entry) -> [String: String] {
    var settings = arguments.filter { name, _ in entry.arguments.contains { $0.name == name } }
    for argument in entry.arguments where argument.isTensor {
      let words = argument.kind.split { !($0.isLetter || $0 == "_") }
      for (name, value) in dimensions where words.contains(Substring(name)) {
        settings[name] = argument.kind.contains("...\(name)") ? "2,3" : value
      }
    }
    return settings
  }

  /// A file's own graphs, and its definition with the small networks beside it.
  static func load(_ file: String) throws -> ([Definition.Entry], TestDefinition) {
    let path = file.split(separator: "/").dropFirst().joined(separator: "/")
    return (
      try TestDefinition(file: file).definition.entries,
      try TestDefinition(text: "import \"\(path)\"\n" + Speck.text)
    )
  }

  /// The stages one after the other, each given to `visit`.
  static func walk(_ graph: Graph, _ visit: (Stage, Graph) throws -> Void) throws {
    var manager = PassManager()
    var graph = graph
    for stage in Pipeline.standard.stages {
      let part = Pipeline(Pipeline.standard.name, [stage])
      graph = try manager.run(part, graph, through: stage.stage)
      try visit(stage.stage, graph)
    }
  }

  @Test func theLibraryIsThere() {
    #expect(Self.files.count >= 30)
  }

  /// Larger graphs are read back after the last stage only, unless long tests run.
  static let nodeLimit = Repository.runsLongTests ? Int.max : 400

  @Test(arguments: files)
  func firstGraphReadsBackAtEveryStage(file: String) throws {
    let (entries, definition) = try Self.load(file)
    let entry = try #require(entries.first)
    #expect(
      entry.arguments.allSatisfy { $0.isTensor || $0.defaultValue != nil },
      "the first graph's compile-time arguments have defaults")
    let graph = try definition.graph(entry.name, set: Self.settings(entry))
    try Self.walk(graph) { stage, graph in
      guard stage == .planned || graph.nodeCount <= Self.nodeLimit else { return }
      let text = Printer().text(graph)
      let back = try Compiler.parse(text, path: "\(file) \(stage.rawValue)")
      #expect(back == graph, "\(entry.name) at stage \(stage.rawValue)")
    }
  }

  @Test(arguments: files)
  func otherGraphsCompile(file: String) throws {
    let (entries, definition) = try Self.load(file)
    for entry in entries.dropFirst()
    where entry.arguments.allSatisfy({ $0.isTensor || $0.defaultValue != nil }) {
      let graph = try definition.graph(entry.name, set: Self.settings(entry))
      let planned = try Pipeline.run(graph, through: .planned).graph
      #expect(planned.outputs.map(\.name) == graph.outputs.map(\.name), "\(entry.name)")
    }
  }

  @Test(arguments: files)
  func filesOpenWithWhatTheyAre(file: String) throws {
    #expect(try Repository.text(file).hasPrefix("// "))
  }
}
