import RetortSyntax
import RetortText
import Testing

@Suite struct LexerTests {
  private func kinds(_ text: String) -> [Token.Kind] {
    Lexer.read(SourceFile(path: "t", text: text)).tokens.map(\.kind)
  }

  private func problems(_ text: String) -> [String] {
    Lexer.read(SourceFile(path: "t", text: text)).problems.map(\.message)
  }

  @Test func aPointBelongsToANumberOnlyBeforeADigit() {
    #expect(kinds("0..<3") == [.integer, .sign(.upTo), .integer, .end])
    #expect(kinds("0.5") == [.number, .end])
    #expect(kinds("...s") == [.sign(.ellipsis), .name, .end])
  }

  @Test func numbersTakeUnderscoresAndExponents() {
    #expect(
      kinds("1_000 1e-5 1e16 5e+3 2.5E2")
        == [.integer, .number, .number, .number, .number, .end])
  }

  @Test func theLongestSignCounts() {
    #expect(
      kinds("-> - >= > == = != ! && || ..< ...")
        == [
          .arrow, .minus, .greaterOrEqual, .greater, .equals, .assign, .differs, .not, .and, .or,
          .upTo, .ellipsis,
        ].map { .sign($0) } + [.end])
  }

  @Test func everySignIsRead() {
    for sign in Punctuation.allCases { #expect(kinds(sign.rawValue) == [.sign(sign), .end]) }
  }

  @Test func commentsAndByteOrderMarksAreSkipped() {
    #expect(kinds("\u{FEFF}a // b \" {\nc") == [.name, .name, .end])
  }

  @Test func linesAreKnownByTheirFirstToken() {
    let tokens = Lexer.read(SourceFile(path: "t", text: "a b\r\n  c")).tokens
    #expect(tokens.map(\.startsLine) == [true, false, true, false])
  }

  @Test func keyIsANameButKeywordsAreNot() {
    #expect(kinds("key f32 repeat") == [.name, .name, .keyword(.repeat), .end])
  }

  @Test func strangersAreReportedOnce() {
    #expect(
      problems("a §§§ b & c")
        == ["'§§§' is not part of the language", "'&' is not part of the language"])
    #expect(problems("\"a\nb") == ["the string has no closing '\"' on its line"])
    #expect(problems("12ab") == ["'12ab' is neither a number nor a name"])
  }

  @Test func anyBytesGiveTokensInsideTheFile() {
    var state: UInt64 = 1
    for length in 0..<300 {
      let bytes = (0..<length).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
      }
      let file = SourceFile(path: "t", bytes: bytes)
      let (tokens, problems) = Lexer.read(file)
      #expect(tokens.last?.kind == .end)
      for token in tokens {
        #expect(0 <= token.offsets.lowerBound && token.offsets.upperBound <= length)
      }
      for problem in problems { #expect(problem.range!.offsets.upperBound <= length) }
    }
  }
}
