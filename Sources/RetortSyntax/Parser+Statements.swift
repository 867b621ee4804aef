import RetortIR
import RetortTensor
import RetortText

extension Parser {
  /// `{ statements }`; a mistake inside costs only its own statement.
  mutating func block() throws(SyntaxFailure) -> [Statement] {
    let opening = current
    try expect(.leftBrace)
    try descend()
    let outerDepth = depth
    var statements: [Statement] = []
    while current.kind != .sign(.rightBrace) {
      if current.kind == .end || isGraphStart {
        let note = Diagnostic.note("'{' is opened here", at: range(opening))
        throw fail("expected '}', found \(spelling(current))", notes: [note])
      }
      let start = index
      do throws(SyntaxFailure) {
        let statement = try self.statement()
        rejectUnreachable(after: statements.last, statement)
        statements.append(statement)
        try endOfLine()
      } catch {
        depth = outerDepth
        openBrackets = 0
        recover(from: start)
      }
    }
    advance()
    depth -= 1
    return statements
  }

  /// `graph` or `import` at the start of a line: a `}` is missing before it.
  private var isGraphStart: Bool {
    current.startsLine
      && (current.kind == .keyword(.graph) || current.kind == .keyword(.import))
  }

  private mutating func rejectUnreachable(after last: Statement?, _ next: Statement) {
    switch last?.kind {
    case .result: report("'return' must be the last statement", last!.range)
    case .yield: report("'yield' must be the last statement", last!.range)
    default: break
    }
  }

  private mutating func endOfLine() throws(SyntaxFailure) {
    if current.startsLine || current.kind == .end || current.kind == .sign(.rightBrace) { return }
    throw fail("expected the end of the line, found \(spelling(current))")
  }

  /// Skips to where the next statement seems to begin, over whole blocks.
  private mutating func recover(from start: Int) {
    if index == start { advance() }
    var braces = 0
    while current.kind != .end, !isGraphStart {
      if braces == 0, current.kind == .sign(.rightBrace) || beginsStatement { return }
      if current.kind == .sign(.leftBrace) { braces += 1 }
      if current.kind == .sign(.rightBrace) { braces -= 1 }
      advance()
    }
  }

  private var beginsStatement: Bool {
    guard current.startsLine else { return false }
    switch current.kind {
    case .keyword(.parameter), .keyword(.buffer), .keyword(.update), .keyword(.if), .keyword(.for),
      .keyword(.require), .keyword(.return), .keyword(.yield):
      return true
    case .name:
      return following.kind == .sign(.assign)
    default:
      return false
    }
  }

  private mutating func statement() throws(SyntaxFailure) -> Statement {
    let start = index
    let kind: Statement.Kind
    switch current.kind {
    case .keyword(.parameter), .keyword(.buffer): kind = .declaration(try declaration())
    case .keyword(.update):
      advance()
      let target = try expression()
      try expect(.assign)
      kind = .update(target, try expression())
    case .keyword(.if): kind = try choice()
    case .keyword(.for):
      advance()
      let name = try identifier("the name that walks the list")
      try expectIn()
      kind = .loop(name, try expression(), try block())
    case .keyword(.require):
      advance()
      let condition = try expression()
      try expect(.comma, "',' and a message")
      kind = .require(condition, try expression())
    case .keyword(.return):
      advance()
      kind = .result(try expressions())
    case .keyword(.yield):
      advance()
      let next = try expressions()
      kind = .yield(next, collected: take(.collect) ? try expressions() : [])
    case .name where Self.followsTarget(following.kind): kind = try binding()
    default: kind = try call()
    }
    return Statement(kind: kind, range: range(from: start))
  }

  private static func followsTarget(_ kind: Token.Kind) -> Bool {
    kind == .sign(.assign) || kind == .sign(.comma) || kind == .sign(.colon)
  }

  private mutating func expectIn() throws(SyntaxFailure) {
    if !take(.in) { throw fail("expected 'in', found \(spelling(current))") }
  }

  private mutating func choice() throws(SyntaxFailure) -> Statement.Kind {
    advance()
    let condition = try expression()
    let body = try block()
    var alternative: [Statement] = []
    if take(.else) {
      let start = index
      if current.kind == .keyword(.if) {
        try descend()
        let kind = try choice()
        depth -= 1
        alternative = [Statement(kind: kind, range: range(from: start))]
      } else {
        alternative = try block()
      }
    }
    return .choice(condition, body, alternative)
  }

  private mutating func call() throws(SyntaxFailure) -> Statement.Kind {
    let start = current
    guard start.kind == .name else {
      throw fail("expected a statement, found \(spelling(start))")
    }
    let expression = try expression()
    guard case .call = expression.kind else {
      if current.kind == .sign(.assign) {
        throw fail("only names can be bound", at: start)
      }
      throw fail(
        "an expression alone is no statement", at: start, hint: "bind it to a name with '='")
    }
    return .call(expression)
  }

  private mutating func binding() throws(SyntaxFailure) -> Statement.Kind {
    var targets: [TargetSyntax] = []
    var names = Set<String>()
    repeat {
      let target = try self.target()
      // `_` stands for every result that nothing reads.
      if target.name.text != "_", !names.insert(target.name.text).inserted {
        report("'\(target.name.text)' is bound twice", target.name.range)
      }
      targets.append(target)
    } while take(.comma)
    try expect(.assign)
    switch current.kind {
    case .keyword(.repeat): return .binding(targets, .repeat(try repetition()))
    case .keyword(.prepare), .keyword(.fused): return .binding(targets, .region(try region()))
    default: return .binding(targets, .expression(try expression()))
    }
  }

  private mutating func target() throws(SyntaxFailure) -> TargetSyntax {
    let name = try identifier("a name")
    return TargetSyntax(name: name, type: take(.colon) ? try type() : nil)
  }

  private mutating func declaration() throws(SyntaxFailure) -> DeclarationSyntax {
    let isBuffer = current.kind == .keyword(.buffer)
    advance()
    let name = try identifier("the name of the \(isBuffer ? "buffer" : "parameter")")
    try expect(.colon, "':' and the type of '\(name.text)'")
    let type = try self.type()
    let path = isOnLine && take(.as) ? try self.path() : nil
    var initialiser: (Identifier, Expression)?
    if isOnLine, take(.`init`) {
      let kind = try identifier("'normal', 'uniform' or 'fill'")
      try expect(.leftParenthesis)
      openBrackets += 1
      initialiser = (kind, try expression())
      try expect(.rightParenthesis)
      openBrackets -= 1
    }
    return DeclarationSyntax(
      isBuffer: isBuffer, name: name, type: type, path: path, initialiser: initialiser)
  }

  private mutating func repetition() throws(SyntaxFailure) -> RepeatSyntax {
    let start = index
    advance()
    let name = try identifier("the name of the turn's number")
    try expectIn()
    let turns = try plainExpression()
    var carried: [(TargetSyntax, Expression)] = []
    var names = Set<String>()
    if take(.with) {
      repeat {
        let target = try self.target()
        if !names.insert(target.name.text).inserted {
          report("'\(target.name.text)' is carried twice", target.name.range)
        }
        try expect(.assign)
        carried.append((target, try plainExpression()))
      } while take(.comma)
    }
    let annotations = try self.annotations()
    let header = range(from: start)
    return RepeatSyntax(
      index: name, turns: turns, carried: carried, annotations: annotations, body: try block(),
      range: header)
  }

  private mutating func region() throws(SyntaxFailure) -> RegionSyntax {
    let start = current
    advance()
    let annotations = try self.annotations()
    return RegionSyntax(
      isPrepare: start.kind == .keyword(.prepare), annotations: annotations, body: try block(),
      range: range(start))
  }
}
