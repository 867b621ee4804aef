import RetortText
import Testing

@Suite struct DiagnosticRendererTests {
  private let file = SourceFile(path: "small.graph", text: "graph f() {\n  x = conv(é, y)\n}\n")

  @Test func drawsTheLineAndTheLabelUnderThePlace() {
    let place = SourceRange(file, 27..<28)
    let diagnostic = Diagnostic(
      .error, "expects 64 channels, but 'y' has 32", at: place, code: "conv/C1",
      labels: [.init(place, "f32[8, 32]")], hint: "check 'y'")
    #expect(
      DiagnosticRenderer().render(diagnostic) == """
        small.graph:2:15: error: expects 64 channels, but 'y' has 32 [conv/C1]
            2 |   x = conv(é, y)
              |               ^ f32[8, 32]
            = hint: check 'y'

        """)
  }

  @Test func columnsCountScalarsAndTildesCoverTheRange() {
    let diagnostic = Diagnostic(.warning, "odd", at: SourceRange(file, 18..<22))
    #expect(
      DiagnosticRenderer().render(diagnostic) == """
        small.graph:2:7: warning: odd
            2 |   x = conv(é, y)
              |       ^~~~

        """)
  }

  @Test func ofALongLineTheSurroundingsAreDrawn() {
    let line = String(repeating: "a", count: 100) + " b " + String(repeating: "c", count: 100_000)
    let long = SourceFile(path: "long.graph", text: line + " d\n")
    let label = Diagnostic.Label(SourceRange(long, 0..<2), "f32[2]")
    let far = Diagnostic.Label(SourceRange(long, 100_104..<100_105), "f32[3]")
    let diagnostic = Diagnostic(
      .error, "odd", at: SourceRange(long, 101..<102), labels: [label, far])
    let (a, c) = (String(repeating: "a", count: 29), String(repeating: "c", count: 86))
    #expect(
      DiagnosticRenderer().render(diagnostic) == """
        long.graph:1:102: error: odd
            1 | …\(a.dropFirst()) b \(c)c…
              | \(String(repeating: " ", count: 30))^
            1 | \(String(repeating: "a", count: 100)) b \(String(repeating: "c", count: 16))…
              | ^~ f32[2]
            1 | …\(String(repeating: "c", count: 117)) d
              | \(String(repeating: " ", count: 119))^ f32[3]

        """)
  }

  @Test func manyPlacesAndLongMessagesAreCut() {
    let places = SourceFile(path: "many.graph", text: String(repeating: "a ", count: 40))
    let labels = (1..<40).map { Diagnostic.Label(SourceRange(places, 2 * $0..<2 * $0 + 1), "x") }
    let name = String(repeating: "n", count: 100_000)
    let text = DiagnosticRenderer().render(
      Diagnostic(
        .error, "'\(name)'", at: SourceRange(places, 0..<1), labels: labels, hint: name))
    #expect(text.split(separator: "\n").filter { $0.hasSuffix("^ x") }.count == 8)
    #expect(text.contains("| … 31 more\n"))
    #expect(text.unicodeScalars.count < 6_000)
  }

  @Test func sortsByPositionAndKeepsPlacelessOnesFirst() {
    let list = [
      Diagnostic(.error, "second", at: SourceRange(file, 18..<22)),
      Diagnostic(.error, "first", at: SourceRange(file, 0..<5)),
      Diagnostic(.note, "nowhere"),
    ]
    let text = DiagnosticRenderer().render(Diagnostics(list))
    let order = ["nowhere", "first", "second"].compactMap { text.firstRange(of: $0)?.lowerBound }
    #expect(order.count == 3)
    #expect(order == order.sorted())
  }

  @Test func cutsLongListsWithACount() {
    let list = (0..<25).map { Diagnostic(.error, "number \($0)") }
    let text = DiagnosticRenderer().render(Diagnostics(list))
    #expect(text.contains("number 19\n"))
    #expect(!text.contains("number 20\n"))
    #expect(text.contains("5 more diagnostics are not shown"))
  }

  @Test func colourIsOnlyDrawnOnRequest() {
    #expect(!DiagnosticRenderer().render(Diagnostic(.error, "x")).contains("\u{1B}"))
    #expect(
      DiagnosticRenderer(colour: true).render(Diagnostic(.error, "x")).contains("\u{1B}[1;31m"))
  }
}
