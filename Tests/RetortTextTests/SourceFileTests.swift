import RetortText
import Testing

@Suite struct SourceFileTests {
  @Test func positionsCountFromOneAndLinesEndAtBreaks() {
    let file = SourceFile(path: "a", text: "ab\n\ncd")
    #expect(file.position(of: 0) == (1, 1))
    #expect(file.position(of: 2) == (1, 3))
    #expect(file.position(of: 3) == (2, 1))
    #expect(file.position(of: 5) == (3, 2))
    #expect(file.position(of: 99) == (3, 3))
    #expect([0, 2, 3, 5, 99].map { file.line(of: $0) } == [1, 1, 2, 3, 3])
    #expect(SourceRange(file, 4..<5).line == 3)
    #expect(file.text(line: 1) == "ab")
    #expect(file.text(line: 2) == "")
    #expect(file.text(line: 3) == "cd")
  }

  @Test func carriageReturnsAndBrokenBytesAreTolerated() {
    let file = SourceFile(path: "a", bytes: [0x61, 0x0D, 0x0A, 0xFF, 0x62])
    #expect(file.text(line: 1) == "a")
    #expect(file.text(line: 2) == "\u{FFFD}b")
  }

  @Test func anEmptyFileHasOneEmptyLine() {
    let file = SourceFile(path: "a", text: "")
    #expect(file.position(of: 0) == (1, 1))
    #expect(file.text(line: 1) == "")
  }
}

@Suite struct SuggestionTests {
  @Test func aSlipFindsTheNearestName() {
    #expect(Suggestion.nearest(to: "matmull", in: ["mean", "matmul"]) == "matmul")
    #expect(Suggestion.nearest(to: "conv2", in: ["conv2d", "sum"]) == "conv2d")
    #expect(Suggestion.nearest(to: "maen", in: ["mean", "max"]) == "mean")
  }

  @Test func somethingElseFindsNothing() {
    #expect(Suggestion.nearest(to: "backbone", in: ["sum", "mean"]) == nil)
    #expect(Suggestion.nearest(to: "y", in: ["x", "n"]) == nil)
    #expect(Suggestion.nearest(to: "y", in: ["x", "ys"]) == "ys")
    #expect(Suggestion.nearest(to: "x2", in: ["y", "x1"]) == "x1")
  }

  /// Letters are bytes, and so are the edits: 'ß' and 'ss' differ by two.
  @Test func namesAreMeasuredInBytes() {
    #expect(Suggestion.nearest(to: "größe", in: ["grösse"]) == "grösse")
    #expect(Suggestion.nearest(to: "größe", in: ["grösser"]) == nil)
  }

  @Test func amongTooManyNothingIsSought() {
    let stem = String(repeating: "a", count: 100)
    let names = (1000..<3000).map { "\(stem)\($0)" }
    #expect(Suggestion.nearest(to: stem + "b000", in: names.prefix(90)) == names[0])
    #expect(Suggestion.nearest(to: stem + "b000", in: names) == nil)
    // Names of other lengths are not compared.
    #expect(Suggestion.nearest(to: "mean", in: names + ["maen"]) == "maen")
  }

  @Test func shortListsAreSpeltOut() {
    #expect(Suggestion.hint(for: "zzz", in: ["a", "b"]) == "known here: a, b")
  }
}

@Suite struct TextTableTests {
  @Test func columnsAreAligned() {
    var table = TextTable(["name", "ms"])
    table.add(["a", "10.5"])
    table.add(["long", "2"])
    #expect(table.text == "name    ms\n----  ----\na     10.5\nlong     2\n")
    #expect(table.markdown == "| name | ms |\n|---|---:|\n| a | 10.5 |\n| long | 2 |\n")
  }
}
