import RetortSyntax
import RetortText
import Synchronization
import Testing

@Suite struct ImportTests {
  private static let shared = "graph g(x: f32[2]) -> f32[2] { return neg(x) }"

  @Test func pathsAreRelativeToTheFile() throws {
    let text = try dump(
      "import \"a/b.graph\"\ngraph f(x: f32[2]) -> f32[2] { return h(x) }",
      files: [
        "a/b.graph": "import \"../c.graph\"\ngraph h(x: f32[2]) -> f32[2] { return g(x) }",
        "c.graph": Self.shared,
      ])
    #expect(text.contains("neg(x)"))
  }

  @Test func theLibraryIsSecond() throws {
    let files = ["lib/blocks/a.graph": Self.shared]
    let text = try dump(
      "import \"blocks/a.graph\"\ngraph f(x: f32[2]) -> f32[2] { return g(x) }", files: files)
    #expect(text.contains("neg(x)"))
  }

  @Test func aFileMayBeImportedTwiceAndUnderTwoPaths() throws {
    let text = try dump(
      """
      import "a.graph"
      import "./a.graph"
      import "b/../a.graph"
      import "library/a.graph"
      graph f(x: f32[2]) -> f32[2] { return g(x) }
      """, files: ["a.graph": Self.shared, "lib/library/a.graph": Self.shared])
    #expect(text.contains("neg(x)"))
  }

  private static func twoModels(_ first: String, _ second: String) -> String {
    let model = "import \"block.graph\"\ngraph m(x: f32[2]) -> f32[2] { return g(x) }"
    return mistakes(
      """
      import "a/model.graph"
      import "b/model.graph"
      graph f(x: f32[2]) -> f32[2] { return m(x) }
      """,
      files: [
        "a/model.graph": model, "b/model.graph": model, "a/block.graph": first,
        "b/block.graph": second,
      ])
  }

  @Test func theSameTextIsAnotherFileWhereItsImportsAre() {
    #expect(Self.twoModels(Self.shared, Self.shared) == "")
    let other = "graph g(x: f32[2]) -> f32[2] { return exp(x) }"
    let text = Self.twoModels(Self.shared, other)
    #expect(text.contains("there is a graph 'm' already"), "\(text)")
    #expect(text.contains("there is a graph 'g' already"), "\(text)")
  }

  /// Copies are compared with what they import, which takes no second look at any file.
  @Test func aFileIsReadOnceHoweverOftenItIsCompared() throws {
    let model = "import \"block.graph\"\ngraph m(x: f32[2]) -> f32[2] { return g(x) }"
    var files = ["a/model.graph": model, "a/block.graph": Self.shared]
    var text = "import \"a/model.graph\"\n"
    for copy in ["b", "c", "d"] {
      files["\(copy)/model.graph"] = model
      files["\(copy)/block.graph"] = Self.shared
      for _ in 0..<3 { text += "import \"\(copy)/model.graph\"\n" }
    }
    files["f.graph"] = text + "graph f(x: f32[2]) -> f32[2] { return m(x) }"
    let contents = files
    final class Counts: Sendable { let byPath = Mutex<[String: Int]>([:]) }
    let counts = Counts()
    _ = try Frontend.load("f.graph", library: []) { path in
      counts.byPath.withLock { $0[path, default: 0] += 1 }
      return contents[path].map { SourceFile(path: path, text: $0) }
    }
    #expect(counts.byPath.withLock { $0 } == files.mapValues { _ in 1 })
  }

  @Test func linksToOneFileAreOneFile() throws {
    let text = """
      import "a.graph"
      import "link.graph"
      graph f(x: f32[2]) -> f32[2] { return g(x) }
      """
    func load(_ nodes: [String: UInt64]) throws(Diagnostics) -> Definition {
      try Frontend.load("f.graph", library: []) { path in
        if path == "f.graph" { return SourceFile(path: path, text: text) }
        return nodes[path].map {
          SourceFile(
            path: path, bytes: Array(Self.shared.utf8),
            identity: FileIdentity(device: 1, node: $0))
        }
      }
    }
    #expect(try load(["a.graph": 7, "link.graph": 7]).entryOrder == ["f"])
    #expect(throws: Diagnostics.self) { try load(["a.graph": 7, "link.graph": 8]) }
  }

  /// A cycle is one by whatever paths it is gone through.
  @Test func aLinkEndsNoCycle() throws {
    let texts = ["f.graph": "import \"b.graph\"\n", "b.graph": "import \"link.graph\"\n"]
    do {
      _ = try Frontend.load("f.graph", library: []) { path in
        let text = path == "b.graph" ? texts[path]! : texts["f.graph"]!
        let name = path == "b.graph" ? "b" : "f"
        return SourceFile(
          path: path,
          bytes: Array((text + "graph \(name)(x: f32[2]) -> f32[2] { return x }\n").utf8),
          identity: FileIdentity(device: 1, node: path == "b.graph" ? 2 : 1))
      }
      Issue.record("the cycle is taken")
    } catch {
      #expect(
        "\(error.list)".contains(
          "the files import each other: f.graph → b.graph → link.graph"))
    }
  }
}
