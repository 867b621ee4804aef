import RetortText

extension Parser {
  /// A string token's text: escapes resolved, interpolations parsed.
  mutating func textParts(_ token: Token) throws(SyntaxFailure) -> [TextPart] {
    var parts: [TextPart] = []
    var bytes: [UInt8] = []
    var position = token.offsets.lowerBound + 1
    let end = token.offsets.upperBound - 1
    while position < end {
      let byte = file.bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\\"):
        bytes.append(try escape(position))
        position += 1
      case UInt8(ascii: "{"):
        guard let close = file.bytes[position..<end].firstIndex(of: UInt8(ascii: "}")) else {
          throw failure(
            "'{' begins a value, but '}' is missing", position - 1..<position,
            hint: "a brace as text is written '\\{'")
        }
        try flush(&bytes, token, to: &parts)
        parts.append(.value(try interpolation(position..<close)))
        position = close + 1
      default:
        bytes.append(byte)
      }
    }
    try flush(&bytes, token, to: &parts)
    return parts
  }

  /// The text of a string without interpolations.
  func literal(_ parts: [TextPart]) -> String? {
    guard let part = parts.first else { return "" }
    guard parts.count == 1, case .literal(let text) = part else { return nil }
    return text
  }

  private mutating func escape(_ position: Int) throws(SyntaxFailure) -> UInt8 {
    switch file.bytes[position] {
    case UInt8(ascii: "n"): return UInt8(ascii: "\n")
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "{"): return file.bytes[position]
    default:
      throw failure(
        "'\(file.text(position - 1..<position + 1))' is not an escape",
        position - 1..<position + 1, hint: "known here: \\\", \\\\, \\n, \\{")
    }
  }

  private mutating func flush(
    _ bytes: inout [UInt8], _ token: Token, to parts: inout [TextPart]
  ) throws(SyntaxFailure) {
    guard !bytes.isEmpty else { return }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw fail("the string is not UTF-8", at: token)
    }
    parts.append(.literal(text))
    bytes = []
  }

  private mutating func interpolation(_ part: Range<Int>) throws(SyntaxFailure) -> Expression {
    let (tokens, found) = Lexer.read(file, part: part)
    var inner = Parser(file, tokens)
    inner.openBrackets = 1
    inner.depth = depth
    inner.endSpelling = "'}'"
    defer {
      problems += (found + inner.problems).prefix(max(0, Limits.errorsOfText - problems.count))
    }
    let value = try inner.expression()
    guard inner.current.kind == .end else {
      throw inner.fail("expected '}', found \(inner.spelling(inner.current))")
    }
    return value
  }

  private mutating func failure(
    _ message: String, _ offsets: Range<Int>, hint: String? = nil
  ) -> SyntaxFailure {
    report(message, SourceRange(file, offsets), hint: hint)
    return SyntaxFailure()
  }
}
