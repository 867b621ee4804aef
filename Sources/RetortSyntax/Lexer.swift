import RetortIR
import RetortText

/// Cuts a file into tokens. It reads any bytes: what is no token is reported and left out.
package struct Lexer {
  /// Larger files are refused.
  package static let byteLimit = 1 << 28

  private let file: SourceFile
  private let bytes: [UInt8]
  private let end: Int
  private var position: Int
  private var startsLine = true
  private var tokens: [Token] = []
  private var problems: [Diagnostic] = []

  /// Reads the whole file, or the part of it that stands in an interpolation.
  private init(_ file: SourceFile, _ part: Range<Int>?) {
    self.file = file
    bytes = file.bytes
    let range = part ?? 0..<min(file.bytes.count, Self.byteLimit)
    position = range.lowerBound
    end = range.upperBound
    tokens.reserveCapacity(range.count / 4 + 1)
  }

  /// The tokens, the last of which is `.end`, and what is wrong with the text.
  package static func read(
    _ file: SourceFile, part: Range<Int>? = nil
  ) -> (tokens: [Token], problems: [Diagnostic]) {
    var lexer = Lexer(file, part)
    if file.bytes.count > byteLimit {
      lexer.problems.append(
        Diagnostic(
          .error, "the file has more than \(byteLimit) bytes, the most that a definition may have",
          at: SourceRange(file, 0..<0)))
      lexer.position = lexer.end
    }
    lexer.run()
    return (lexer.tokens, lexer.problems)
  }

  private mutating func run() {
    if position == 0, file.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    while position < end, problems.count < Limits.errorsOfText {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\n"):
        startsLine = true
        position += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
        position += 1
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"):
        skipComment()
      case UInt8(ascii: "\""):
        string()
      case _ where Self.isDigit(byte):
        number()
      case _ where Self.isWord(byte):
        word()
      default:
        if !sign() { stranger() }
      }
    }
    position = end
    add(.end, from: end)
  }

  private func peek(_ distance: Int) -> UInt8? {
    position + distance < end ? bytes[position + distance] : nil
  }

  private mutating func add(_ kind: Token.Kind, from start: Int) {
    tokens.append(
      Token(kind: kind, start: Int32(start), end: Int32(position), startsLine: startsLine))
    startsLine = false
  }

  private mutating func skipComment() {
    while position < end, bytes[position] != UInt8(ascii: "\n") { position += 1 }
  }

  private mutating func word() {
    let start = position
    while position < end, Self.isWord(bytes[position]) { position += 1 }
    // No keyword is longer than `parameter`.
    if position - start <= 9, let keyword = Keyword(rawValue: file.text(start..<position)) {
      add(.keyword(keyword), from: start)
    } else {
      add(.name, from: start)
    }
  }

  /// `12`, `1_000`, `0.5`, `1e-5`. A point counts only before a digit, so that `0..<n` is a range.
  private mutating func number() {
    let start = position
    var kind = Token.Kind.integer
    skipDigits()
    if peek(0) == UInt8(ascii: "."), let next = peek(1), Self.isDigit(next) {
      kind = .number
      position += 1
      skipDigits()
    }
    if skipExponent() { kind = .number }
    if position < end, Self.isWord(bytes[position]) {
      while position < end, Self.isWord(bytes[position]) { position += 1 }
      problem("'\(file.text(start..<position))' is neither a number nor a name", start..<position)
    }
    add(kind, from: start)
  }

  private mutating func skipDigits() {
    while let byte = peek(0), Self.isDigit(byte) || byte == UInt8(ascii: "_") { position += 1 }
  }

  private mutating func skipExponent() -> Bool {
    guard let letter = peek(0), letter | 0x20 == UInt8(ascii: "e") else { return false }
    let signed = peek(1) == UInt8(ascii: "-") || peek(1) == UInt8(ascii: "+")
    guard let digit = peek(signed ? 2 : 1), Self.isDigit(digit) else { return false }
    position += signed ? 2 : 1
    skipDigits()
    return true
  }

  private mutating func string() {
    let start = position
    position += 1
    while position < end {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        position += 1
        add(.string, from: start)
        return
      }
      if byte == UInt8(ascii: "\n") { break }
      position += byte == UInt8(ascii: "\\") && peek(1) != UInt8(ascii: "\n") ? 2 : 1
    }
    position = min(position, end)
    problem("the string has no closing '\"' on its line", start..<position)
    add(.string, from: start)
  }

  private mutating func sign() -> Bool {
    guard let (sign, length) = Self.sign(bytes[position], peek(1), peek(2)) else { return false }
    let start = position
    position += length
    add(.sign(sign), from: start)
    return true
  }

  /// The longest sign that three bytes begin with.
  private static func sign(_ a: UInt8, _ b: UInt8?, _ c: UInt8?) -> (Punctuation, Int)? {
    let isAssigning = b == UInt8(ascii: "=")
    switch a {
    case UInt8(ascii: "("): return (.leftParenthesis, 1)
    case UInt8(ascii: ")"): return (.rightParenthesis, 1)
    case UInt8(ascii: "["): return (.leftBracket, 1)
    case UInt8(ascii: "]"): return (.rightBracket, 1)
    case UInt8(ascii: "{"): return (.leftBrace, 1)
    case UInt8(ascii: "}"): return (.rightBrace, 1)
    case UInt8(ascii: ","): return (.comma, 1)
    case UInt8(ascii: ":"): return (.colon, 1)
    case UInt8(ascii: "="): return isAssigning ? (.equals, 2) : (.assign, 1)
    case UInt8(ascii: "-"): return b == UInt8(ascii: ">") ? (.arrow, 2) : (.minus, 1)
    case UInt8(ascii: "+"): return (.plus, 1)
    case UInt8(ascii: "*"): return (.times, 1)
    case UInt8(ascii: "/"): return (.divide, 1)
    case UInt8(ascii: "%"): return (.remainder, 1)
    case UInt8(ascii: "<"): return isAssigning ? (.lessOrEqual, 2) : (.less, 1)
    case UInt8(ascii: ">"): return isAssigning ? (.greaterOrEqual, 2) : (.greater, 1)
    case UInt8(ascii: "!"): return isAssigning ? (.differs, 2) : (.not, 1)
    case UInt8(ascii: "?"): return (.question, 1)
    case UInt8(ascii: "@"): return (.at, 1)
    case UInt8(ascii: "&"): return b == a ? (.and, 2) : nil
    case UInt8(ascii: "|"): return b == a ? (.or, 2) : nil
    case UInt8(ascii: "."):
      guard b == a else { return nil }
      return c == a ? (.ellipsis, 3) : c == UInt8(ascii: "<") ? (.upTo, 3) : nil
    default: return nil
    }
  }

  /// Bytes that begin nothing; a run of them is one problem.
  private mutating func stranger() {
    let start = position
    while position < end {
      let byte = bytes[position]
      if byte <= UInt8(ascii: " ") || byte == UInt8(ascii: "\"") || Self.isWord(byte) { break }
      if position > start, Self.sign(byte, peek(1), peek(2)) != nil { break }
      position += 1
    }
    if position == start { position += 1 }
    problem(
      "'\(file.text(start..<position))' is not part of the language", start..<position,
      hint: fraction(from: start).map { "write '0\($0)'" })
  }

  /// `.5` at an offset, behind which the lexer stands: a number without its first digit.
  private func fraction(from start: Int) -> String? {
    guard bytes[start] == UInt8(ascii: "."), position == start + 1,
      let digit = peek(0), Self.isDigit(digit)
    else { return nil }
    if let last = tokens.last {
      // Behind a value it means something else.
      guard case .sign(let sign) = last.kind, sign != .rightParenthesis, sign != .rightBracket
      else { return nil }
    }
    var ahead = self
    ahead.skipDigits()
    _ = ahead.skipExponent()
    return ahead.position - start <= 40 ? file.text(start..<ahead.position) : nil
  }

  private mutating func problem(_ message: String, _ range: Range<Int>, hint: String? = nil) {
    problems.append(Diagnostic(.error, message, at: SourceRange(file, range), hint: hint))
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == UInt8(ascii: "_")
      || byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
  }
}
