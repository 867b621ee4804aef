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
}
