import RetortIR
import RetortTensor
import RetortText

/// The current construct cannot be read on; what is wrong with it has been reported.
struct SyntaxFailure: Error {}

/// Reads a file's tokens into a tree, by recursive descent.
///
/// After a mistake it goes on at the next statement, so one run reports several. It never traps,
/// and nesting is bounded by `heightLimit`.
package struct Parser {
  /// How deep expressions and blocks may nest.
  package static let heightLimit = 256

  let file: SourceFile
  let tokens: [Token]
  var index = 0
  var problems: [Diagnostic] = []
  /// How many round or square brackets are open; inside, a line's end means nothing.
  var openBrackets = 0
  var depth = 0
  /// What messages call the end of the tokens.
  var endSpelling = "the end of the file"

  init(_ file: SourceFile, _ tokens: [Token]) {
    self.file = file
    self.tokens = tokens
  }

  /// The file's tree.
  ///
  /// - Throws: everything that is wrong with its text, in order.
  package static func parse(_ file: SourceFile) throws(Diagnostics) -> FileSyntax {
    let (tokens, problems) = Lexer.read(file)
    // The tokens end where the lexer gave up, which is no mistake of the text.
    guard problems.count < Limits.errorsOfText else { throw Diagnostics(problems) }
    var parser = Parser(file, tokens)
    let tree = parser.readFile()
    if problems.isEmpty, parser.problems.isEmpty { return tree }
    // What follows from a stray character on its line is not a mistake of its own.
    let lines = Set(problems.compactMap { $0.range?.line })
    throw Diagnostics(
      problems + parser.problems.filter { $0.range.map { !lines.contains($0.line) } ?? true })
  }

  /// A single expression: what `--set` gives.
  package static func parseExpression(_ file: SourceFile) throws(Diagnostics) -> Expression {
    let (tokens, problems) = Lexer.read(file)
    var parser = Parser(file, tokens)
    parser.openBrackets = 1
    parser.endSpelling = "the end"
    var result: Expression?
    if let expression = try? parser.expression() {
      result = expression
      _ = try? parser.expectEnd()
    }
    let all = problems + parser.problems
    guard all.isEmpty, let result else { throw Diagnostics(all) }
    return result
  }

  // MARK: Files and graphs

  private mutating func readFile() -> FileSyntax {
    var imports: [ImportSyntax] = []
    var graphs: [GraphSyntax] = []
    while current.kind != .end {
      let start = index
      do throws(SyntaxFailure) {
        switch current.kind {
        case .keyword(.import): imports.append(try importLine())
        case .keyword(.graph): graphs.append(try graph())
        default: throw fail("expected 'graph' or 'import', found \(spelling(current))")
        }
      } catch {
        if index == start { advance() }
        openBrackets = 0
        depth = 0
        while current.kind != .end, current.kind != .keyword(.graph),
          current.kind != .keyword(.import)
        {
          advance()
        }
      }
    }
    return FileSyntax(file: file, imports: imports, graphs: graphs)
  }

  private mutating func importLine() throws(SyntaxFailure) -> ImportSyntax {
    advance()
    let token = current
    guard token.kind == .string else {
      throw fail("expected the file's path in quotes, found \(spelling(token))")
    }
    advance()
    guard let path = literal(try textParts(token)) else {
      throw fail("an imported path is fixed text, without '{…}'", at: token)
    }
    return ImportSyntax(path: path, range: range(token))
  }

  private mutating func graph() throws(SyntaxFailure) -> GraphSyntax {
    advance()
    let name = try identifier("a graph's name")
    let arguments = try self.arguments()
    var results: [ResultSyntax] = []
    if take(.arrow) { results = try self.results() }
    let body = try block()
    return GraphSyntax(name: name, arguments: arguments, results: results, body: body)
  }

  private mutating func arguments() throws(SyntaxFailure) -> [ArgumentSyntax] {
    var list: [ArgumentSyntax] = []
    try enclosed(.leftParenthesis, .rightParenthesis) { (parser) throws(SyntaxFailure) in
      let name = try parser.identifier("an argument's name")
      if list.contains(where: { $0.name.text == name.text }) {
        parser.report("two arguments are named '\(name.text)'", name.range)
      }
      try parser.expect(.colon, "':' and the type of '\(name.text)'")
      let type = try parser.type()
      parser.rejectSecondRest(name, type)
      let value = parser.take(.assign) ? try parser.expression() : nil
      list.append(ArgumentSyntax(name: name, type: type, defaultValue: value))
    }
    return list
  }

  private mutating func rejectSecondRest(_ name: Identifier, _ type: TypeSyntax) {
    guard case .tensor(_, let dimensions) = type.kind else { return }
    let rests = dimensions.map { $0.parts }.filter { $0.isRest }
    guard rests.count > 1 else { return }
    report(
      "'\(name.text)' has two '...' dimensions, and nothing says where the first one ends",
      rests[1].expression.range)
  }

  private mutating func results() throws(SyntaxFailure) -> [ResultSyntax] {
    guard current.kind == .sign(.leftParenthesis) else {
      return [ResultSyntax(name: "output", type: try type())]
    }
    var list: [(name: Identifier?, type: TypeSyntax)] = []
    try enclosed(.leftParenthesis, .rightParenthesis) { (parser) throws(SyntaxFailure) in
      var name: Identifier?
      if parser.following.kind == .sign(.colon) {
        name = try parser.identifier("a result's name")
        parser.advance()
      }
      if let name, list.contains(where: { $0.name?.text == name.text }) {
        parser.report("two results are named '\(name.text)'", name.range)
      }
      list.append((name, try parser.type()))
    }
    return list.enumerated().map { position, result in
      let fallback = list.count == 1 ? "output" : "output\(position)"
      return ResultSyntax(name: result.name?.text ?? fallback, type: result.type)
    }
  }

  // MARK: Tokens

  var current: Token { tokens[index] }
  var following: Token { tokens[min(index + 1, tokens.count - 1)] }
  /// Where the token before the current one ends.
  var previousEnd: Int { index > 0 ? tokens[index - 1].offsets.upperBound : 0 }

  mutating func advance() {
    if index < tokens.count - 1 { index += 1 }
  }

  mutating func take(_ sign: Punctuation) -> Bool {
    guard current.kind == .sign(sign) else { return false }
    advance()
    return true
  }

  mutating func take(_ keyword: Keyword) -> Bool {
    guard current.kind == .keyword(keyword) else { return false }
    advance()
    return true
  }

  mutating func expect(_ sign: Punctuation, _ what: String? = nil) throws(SyntaxFailure) {
    if !take(sign) {
      throw fail("expected \(what ?? "'\(sign.rawValue)'"), found \(spelling(current))")
    }
  }

  mutating func expectEnd() throws(SyntaxFailure) {
    if current.kind != .end { throw fail("\(spelling(current)) is not expected here") }
  }

  /// Whether the current token may go on with the expression before it: on the same line, or
  /// anywhere inside brackets.
  var isOnLine: Bool { openBrackets > 0 || !current.startsLine }

  func range(_ token: Token) -> SourceRange { SourceRange(file, token.offsets) }

  /// From the token numbered `start` to the last one read.
  func range(from start: Int) -> SourceRange {
    let first = tokens[start].offsets.lowerBound
    return SourceRange(file, first..<max(first, previousEnd))
  }

  func text(_ token: Token) -> String { file.text(token.offsets) }

  func spelling(_ token: Token) -> String {
    switch token.kind {
    case .end: endSpelling
    case .string: "a string"
    default: "'\(text(token))'"
    }
  }

  /// A comma-separated list in brackets, possibly empty, possibly with a comma at the end.
  mutating func enclosed(
    _ open: Punctuation, _ close: Punctuation,
    _ item: (inout Parser) throws(SyntaxFailure) -> Void
  ) throws(SyntaxFailure) {
    let opening = current
    try expect(open)
    openBrackets += 1
    while current.kind != .sign(close) {
      try item(&self)
      if !take(.comma) { break }
    }
    guard current.kind == .sign(close) else {
      let note = Diagnostic.note("'\(open.rawValue)' is opened here", at: range(opening))
      throw fail("expected ',' or '\(close.rawValue)', found \(spelling(current))", notes: [note])
    }
    openBrackets -= 1
    advance()
  }

  /// A name that can be bound.
  mutating func identifier(_ what: String) throws(SyntaxFailure) -> Identifier {
    let token = current
    switch token.kind {
    case .name:
      let word = text(token)
      // `key` is also what many arguments of that type are called.
      if let element = ElementType(rawValue: word), element != .key {
        throw fail("expected \(what), but '\(word)' is an element type")
      }
      advance()
      return Identifier(text: word, range: range(token))
    case .keyword:
      throw fail("expected \(what), but '\(text(token))' is a word of the language")
    default:
      throw fail("expected \(what), found \(spelling(token))")
    }
  }

  // MARK: Problems

  mutating func report(
    _ message: String, _ range: SourceRange, notes: [Diagnostic] = [], hint: String? = nil
  ) {
    // One token is at fault once, however many constructs it leaves open.
    if let last = problems.last, last.range == range { return }
    guard problems.count < Limits.errorsOfText else { return }
    problems.append(Diagnostic(.error, message, at: range, notes: notes, hint: hint))
  }

  /// Reports a problem at a token, by default the current one.
  mutating func fail(
    _ message: String, at token: Token? = nil, notes: [Diagnostic] = [], hint: String? = nil
  ) -> SyntaxFailure {
    report(message, range(token ?? current), notes: notes, hint: hint)
    return SyntaxFailure()
  }

  /// Goes one level deeper; the caller must lower `depth` again.
  mutating func descend() throws(SyntaxFailure) {
    guard depth < Self.heightLimit else {
      throw fail(
        "nested more than \(Self.heightLimit) levels deep", hint: "give an inner part a name")
    }
    depth += 1
  }
}
