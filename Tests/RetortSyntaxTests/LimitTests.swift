import RetortIR
import RetortOps
import RetortSyntax
import RetortTestSupport
import RetortText
import Testing

/// Hostile definitions end with a sentence.
@Suite struct LimitTests {
  private func body(_ lines: String, _ limits: Limits? = nil) -> String {
    mistakes("graph f(x: f32[2]) -> f32[2] {\n\(lines)\n  return x\n}", limits: limits)
  }

  private func `repeat`(_ text: String, _ count: Int = 100_000) -> String {
    String(repeating: text, count: count)
  }

  @Test func nestingIsBounded() {
    let tooDeep = "nested more than 256 levels deep"
    #expect(body("  y = \(`repeat`("("))x\(`repeat`(")"))").contains(tooDeep))
    #expect(body("  y = \(`repeat`("!"))x").contains(tooDeep))
    #expect(body("  y = \(`repeat`("neg("))x").contains(tooDeep))
    #expect(body(`repeat`("  if true {\n") + `repeat`("}\n")).contains(tooDeep))
    #expect(body("  if true { }" + `repeat`(" else if true { }")).contains(tooDeep))
    #expect(body("  y = x\(`repeat`(" + x"))").contains("more than 256 levels"))
    #expect(body("  y = x\(`repeat`("[0]"))").contains("more than 256 levels"))
    #expect(body("  y = \"\(`repeat`("{"))\"").contains("'}' is missing"))
  }

  @Test func whatIsWithinTheBoundsWorks() {
    #expect(body("  y = \(`repeat`("(", 250))x\(`repeat`(")", 250))") == "")
    #expect(body("  y = \(`repeat`("neg(", 120))x\(`repeat`(")", 120))") == "")
    #expect(body("  y = x\(`repeat`(" + x", 250))") == "")
    #expect(body(`repeat`("  if true {\n", 200) + `repeat`("}\n", 200)) == "")
  }

  @Test func callsAreBounded() {
    var text = "graph f(x: f32[2]) -> f32[2] { return g0(x) }\n"
    for i in 0..<100 { text += "graph g\(i)(x: f32[2]) -> f32[2] { return g\(i + 1)(x) }\n" }
    text += "graph g100(x: f32[2]) -> f32[2] { return x }\n"
    #expect(mistakes(text).contains("more than 64 calls are nested"))
  }

  @Test func workIsBounded() {
    var limits = Limits()
    limits.steps = 10_000
    limits.values = 5_000
    #expect(body("  for i in 0..<1000000000 { y = i }", limits).contains("more than 10000 steps"))
    limits.steps = 1_000_000
    #expect(body("  for i in 0..<4000 { y = x + x - x }", limits).contains("more than 5000 values"))
    var text = "graph f(x: f32[2]) -> f32[2] { return g0(x) }\n"
    for i in 0..<40 {
      text += "graph g\(i)(x: f32[2]) -> f32[2] { return g\(i + 1)(g\(i + 1)(x)) }\n"
    }
    text += "graph g40(x: f32[2]) -> f32[2] { return -x }\n"
    #expect(mistakes(text, limits: limits).contains("more than"))
  }

  @Test func longTextsMayMakeMore() {
    let lines = (0..<60_000).map { "  a\($0) = -x\n" }.joined()
    #expect(body(lines) == "")
    #expect(body("  for i in 0..<60000 { a = -x }").contains("the graph has more than 5000"))
    #expect(body("  for i in 0..<1000000000 { y = i }").contains("takes more than 5000"))
  }

  @Test func textsAndListsAreBounded() {
    #expect(
      body("  s = \"aaaa\"\n  for i in 0..<64 { s = \"{s}{s}\" }")
        .contains("the text has more than 65536 bytes"))
    #expect(
      body("  l = [1, 2]\n  for i in 0..<64 { l = [...l, ...l] }")
        .contains("the list has more than 65536 elements"))
    #expect(
      body("  l = [...0..<2000000000]")
        .contains("the range 0..<2000000000 has more than 65536 elements, the most that a list"))
  }

  @Test func rangesAreComparedByTheirBounds() {
    let seconds = threadSeconds {
      #expect(body("  for i in 0..<2000 { b = (0..<1048576) == (0..<1048576) }") == "")
    }
    #expect(seconds < 60)
    #expect(body("  require 0..<2000000000 != [0, 1] && 0..<0 == 3..<3, \"bounds\"") == "")
    #expect(body("  require 0..<3 == [0, 1, 2] && 0..<3 != 1..<4, \"elements\"") == "")
  }

  @Test func listsThatRangesBecomeCostSteps() {
    func partials(_ range: String) -> String {
      body("  for i in 0..<120 { p = partial(g, l: \(range)) }", of: "l: [Int]")
    }
    let seconds = threadSeconds {
      #expect(partials("0..<1048576").contains("0..<1048576 has more than 65536 elements"))
      #expect(partials("0..<65536").contains("the definition takes more than 500"))
      #expect(partials("0..<64") == "")
      let equal = "  a = [...0..<60000]\n  for i in 0..<100000 { b = a == a }"
      #expect(body(equal).contains("the definition takes more than 500"))
    }
    #expect(seconds < 60)
  }

  private func body(_ lines: String, of argument: String) -> String {
    mistakes(
      "graph f(x: f32[2]) -> f32[2] {\n\(lines)\n  return x\n}\n"
        + "graph g(x: f32[2], \(argument)) -> f32[2] { return x }")
  }

  /// All on one line, whose columns would have to be counted for each.
  @Test func straysAreBounded() {
    let text = "graph f(x: f32[2]) -> f32[2] { \(`repeat`("$ ", 200_000)) return x }"
    let seconds = threadSeconds {
      let error = #expect(throws: Diagnostics.self) { try load(text) }
      #expect(error?.list.count == 100)
    }
    #expect(seconds < 60)
    let lines = "graph f(x: f32[2]) -> f32[2] {\n\(`repeat`("  y = )\n", 1_000))\n}"
    let faults = #expect(throws: Diagnostics.self) { try load(lines) }
    #expect(faults?.list.count == 100)
    #expect(body("  s = \"\(`repeat`("{$}", 200))\"").contains("is not part of the language"))
  }

  /// Among so many long names the nearest is not looked for: it would take minutes.
  @Test func suggestionsAreBounded() {
    let stem = `repeat`("a", 194)
    let names = (10_000..<20_000).map { "  \(stem)\($0) = x\n" }.joined()
    let uses = (1_000..<1_020).map { "  y\($0) = \(stem)x\($0)\n" }.joined()
    let seconds = threadSeconds {
      let text = body(names + uses)
      #expect(text.contains("error: '\(stem)x1000' is not known here\n"))
      #expect(!text.contains("did you mean"))
    }
    #expect(seconds < 60)
  }

  @Test func settingsNameTheirBounds() {
    let text = "graph f(x: f32[n], l: [Int] = []) -> f32[n] { return x }"
    #expect(
      mistakes(text, set: ["n": "99999999999"])
        == "--set n=99999999999: error: a dimension is an Int from 0 to 2147483648\n")
    #expect(
      mistakes(text, set: ["l": "0..<1048577"]).hasPrefix(
        "--set l=0..<1048577:1:1: error: the range 0..<1048577 has more than 65536 elements, "
          + "the most that a list may have\n"))
    #expect(mistakes(text, set: ["l": "0..<65536"]) == "")
  }

  @Test func tensorsAreBounded() {
    #expect(body("  a: f32[2000000000, 2000000000, 2000000000] = x").contains("too many elements"))
    #expect(
      body("  a = fill(value: 0, shape: [1048576, 1048576, 1048576])")
        .contains("too many elements"))
    #expect(
      body("  a = fill(value: 0, shape: [2147483648])\n  b = concatenate(a, a, axis: 0)")
        .contains("gives f32[4294967296], which is too large"))
    #expect(
      body("  a = fill(value: 0, shape: [2000000000, 1])\n  b = a + reshape(a, [1, 2000000000])")
        .contains("too many elements"))
  }

  @Test func messagesAboutLongTypesAreShort() {
    let ones = [String](repeating: "1", count: 3_000).joined(separator: ", ")
    let shape = body("  y = reshape(x, [\(ones)])")
    #expect(
      shape.contains(
        "at most 32 dimensions, f32[1, 1, 1, 1, 1, 1, 1, 1, … 2992 more] has 3000\n"))
    #expect(shape.utf8.count < 1_000)
    let written = body("  y = g(x)", of: "z: f32[\(ones)]")
    #expect(written.contains("'g' needs 'z', f32[1, 1, 1"))
    #expect(written.utf8.count < 1_000)
  }

  @Test func atMostTwentyMistakesAreShown() {
    let lines = (0..<50).map { "  y\($0) = unknown\($0)" }.joined(separator: "\n")
    let text = body(lines)
    #expect(text.contains("note: 30 more diagnostics are not shown"))
  }

  /// A dump of many nodes takes time in proportion: ten times as many nodes would take a hundred
  /// times as long if anything were quadratic. The bound leaves room for a busy machine.
  @Test func timeGrowsInProportion() throws {
    func lines(_ count: Int) -> String {
      var text = "graph big(x: f32[4, 3]) -> (output: f32[4, 3]) {\n"
      for i in 0..<count {
        let previous = i == 0 ? "x" : "v_\(i - 1)"
        text += "  v_\(i): f32[4, 3] = leaky_relu(\(previous), slope: 0.5)\n"
      }
      return text + "  return v_\(count - 1)\n}\n"
    }
    func duration(_ count: Int) throws -> Duration {
      let text = lines(count)
      return try ContinuousClock().measure {
        let graph = try elaborate(text).graph
        #expect(graph.nodeCount == count)
      }
    }
    // Whatever else the machine did meanwhile made a run longer, none shorter.
    let short = try (0..<3).map { _ in try duration(1_000) }.min()!
    let long = try (0..<2).map { _ in try duration(10_000) }.min()!
    #expect(long < short * 60)
  }
}
