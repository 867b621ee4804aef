import RetortIR
import RetortText

extension Parser {
  /// Expressions between commas; none where the line or block ends.
  mutating func expressions() throws(SyntaxFailure) -> [Expression] {
    if current.startsLine || current.kind == .end || current.kind == .sign(.rightBrace)
      || current.kind == .keyword(.collect)
    {
      return []
    }
    var list = [try expression()]
    while take(.comma) { list.append(try expression()) }
    return list
  }

  /// An expression with annotations behind it, if there are any.
  mutating func expression() throws(SyntaxFailure) -> Expression {
    let start = index
    let value = try plainExpression()
    guard current.kind == .sign(.at), isOnLine else { return value }
    let annotations = try self.annotations()
    return try make(.annotated(value, annotations), from: start, over: value)
  }

  /// An expression without annotations, which belong to the construct around it.
  mutating func plainExpression() throws(SyntaxFailure) -> Expression {
    try descend()
    let start = index
    var result = try operation(above: 0)
    if take(.question) {
      let first = try plainExpression()
      try expect(.colon, "':' and the other value")
      let second = try plainExpression()
      result = try make(.ternary(result, first, second), from: start, over: result, first, second)
    }
    depth -= 1
    return result
  }

  mutating func annotations() throws(SyntaxFailure) -> [AnnotationSyntax] {
    guard isOnLine, take(.at) else { return [] }
    var list: [AnnotationSyntax] = []
    try enclosed(.leftParenthesis, .rightParenthesis) { (parser) throws(SyntaxFailure) in
      let name = try parser.label("an annotation's name")
      try parser.expect(.colon)
      list.append(AnnotationSyntax(name: name, value: try parser.plainExpression()))
    }
    return list
  }

  mutating func path() throws(SyntaxFailure) -> PathSyntax {
    let token = current
    guard token.kind == .string else {
      throw fail("expected a path in quotes, found \(spelling(token))")
    }
    advance()
    return PathSyntax(parts: try textParts(token), range: range(token))
  }

  // MARK: Operators

  private enum Infix {
    case binary(BinaryOperator, level: Int)
    case range

    var level: Int {
      switch self {
      case .binary(_, let level): level
      case .range: 4
      }
    }
    /// `a < b < c` and `a..<b..<c` mean nothing.
    var chains: Bool { level != 3 && level != 4 }
  }

  private var infix: Infix? {
    guard case .sign(let sign) = current.kind else { return nil }
    // A line that begins with `-` is no continuation.
    if sign == .minus, !isOnLine { return nil }
    switch sign {
    case .or: return .binary(.or, level: 1)
    case .and: return .binary(.and, level: 2)
    case .less: return .binary(.less, level: 3)
    case .lessOrEqual: return .binary(.lessOrEqual, level: 3)
    case .greater: return .binary(.greater, level: 3)
    case .greaterOrEqual: return .binary(.greaterOrEqual, level: 3)
    case .equals: return .binary(.equal, level: 3)
    case .differs: return .binary(.notEqual, level: 3)
    case .upTo: return .range
    case .plus: return .binary(.add, level: 5)
    case .minus: return .binary(.subtract, level: 5)
    case .times: return .binary(.multiply, level: 6)
    case .divide: return .binary(.divide, level: 6)
    case .remainder: return .binary(.remainder, level: 6)
    default: return nil
    }
  }

  /// Operands joined by operators that bind more tightly than `level`.
  private mutating func operation(above level: Int) throws(SyntaxFailure) -> Expression {
    let start = index
    var left = try prefixed()
    var last = left
    while let infix, infix.level > level {
      advance()
      if isPowerSign { throw power(of: last) }
      let right = try operation(above: infix.level)
      last = right
      switch infix {
      case .binary(let sign, _):
        left = try make(.binary(sign, left, right), from: start, over: left, right)
      case .range:
        left = try make(.range(left, right), from: start, over: left, right)
      }
      if !infix.chains, let next = self.infix, next.level == infix.level {
        throw fail("\(spelling(current)) cannot follow here", hint: "use parentheses or '&&'")
      }
    }
    return left
  }

  /// Whether the second of two `*` that touch each other is the current token.
  private var isPowerSign: Bool {
    let before = tokens[index - 1]
    return current.kind == .sign(.times) && before.kind == .sign(.times)
      && before.end == current.start
  }

  /// `x ** 2`, which binds more tightly than what stands before `x`.
  private mutating func power(of operand: Expression) -> SyntaxFailure {
    var base = operand
    // Not that of `(-x) ** 2`, which the parentheses hold.
    while case .unary(_, let inner) = base.kind,
      base.range.offsets.upperBound == inner.range.offsets.upperBound
    { base = inner }
    let sign = SourceRange(file, tokens[index - 1].offsets.lowerBound..<current.offsets.upperBound)
    advance()
    // What is wrong with the exponent is none of the user's questions yet.
    let known = problems
    let exponent = try? prefixed()
    problems = known
    var hint = "'pow(a, b)' is a to the power b, for tensors"
    if let exponent, base.range.text.count + exponent.range.text.count <= 40 {
      let (text, power) = (base.range.text, exponent.range.text)
      // Of compile-time values there is no 'pow'.
      hint =
        power == "2" && base.height == 1
        ? "write '(\(text) * \(text))'" : "write 'pow(\(text), \(power))', for tensors"
    }
    report("'**' is not part of the language", sign, hint: hint)
    return SyntaxFailure()
  }

  private mutating func prefixed() throws(SyntaxFailure) -> Expression {
    let sign: UnaryOperator
    switch current.kind {
    case .sign(.minus): sign = .negate
    case .sign(.not): sign = .not
    default: return try postfixed()
    }
    let start = index
    advance()
    try descend()
    let operand = try prefixed()
    depth -= 1
    return try make(.unary(sign, operand), from: start, over: operand)
  }

  private mutating func postfixed() throws(SyntaxFailure) -> Expression {
    let start = index
    var result = try primary()
    while isOnLine {
      if current.kind == .sign(.leftParenthesis) {
        guard case .name(let name) = result.kind else {
          throw fail("only a graph or an operation, by name, can be called")
        }
        let callee = Identifier(text: name, range: result.range)
        let arguments = try callArguments()
        let path = isOnLine && take(.as) ? try self.path() : nil
        let call = CallSyntax(callee: callee, arguments: arguments, path: path)
        let height = arguments.reduce(0) { max($0, $1.value.height) }
        result = try make(.call(call), from: start, height: height)
      } else if current.kind == .sign(.leftBracket) {
        advance()
        openBrackets += 1
        let position = try expression()
        try expect(.rightBracket)
        openBrackets -= 1
        result = try make(.index(result, position), from: start, over: result, position)
      } else {
        break
      }
    }
    return result
  }

  private mutating func callArguments() throws(SyntaxFailure) -> [ArgumentValueSyntax] {
    var list: [ArgumentValueSyntax] = []
    try enclosed(.leftParenthesis, .rightParenthesis) { (parser) throws(SyntaxFailure) in
      var label: Identifier?
      if parser.following.kind == .sign(.colon) {
        label = try parser.label("an argument's name")
        parser.advance()
      } else if list.last?.label != nil {
        throw parser.fail("an argument without a label follows one with a label")
      }
      list.append(ArgumentValueSyntax(label: label, value: try parser.expression()))
    }
    return list
  }

  /// A name before `:`, where words of the language are names too.
  private mutating func label(_ what: String) throws(SyntaxFailure) -> Identifier {
    let token = current
    switch token.kind {
    case .name, .keyword:
      advance()
      return Identifier(text: text(token), range: range(token))
    default:
      throw fail("expected \(what), found \(spelling(token))")
    }
  }

  private mutating func primary() throws(SyntaxFailure) -> Expression {
    let start = index
    let token = current
    switch token.kind {
    case .integer:
      guard let value = Int(digits(token)) else {
        throw fail("\(text(token)) is larger than the largest Int, \(Int.max)")
      }
      return try single(.integer(value))
    case .number:
      guard let value = Double(digits(token)), value.isFinite else {
        throw fail("\(text(token)) is larger than the largest Float", hint: "write 'inf'")
      }
      return try single(.number(value))
    case .keyword(.inf): return try single(.number(.infinity))
    case .keyword(.nan): return try single(.number(.nan))
    case .keyword(.true): return try single(.flag(true))
    case .keyword(.false): return try single(.flag(false))
    case .name: return try single(.name(text(token)))
    case .string:
      advance()
      let parts = try textParts(token)
      let height = parts.reduce(0) { height, part in
        if case .value(let value) = part { max(height, value.height) } else { height }
      }
      return try make(.string(parts), from: start, height: height)
    case .sign(.leftParenthesis):
      advance()
      openBrackets += 1
      let inner = try expression()
      guard current.kind == .sign(.rightParenthesis) else {
        let note = Diagnostic.note("'(' is opened here", at: range(token))
        throw fail("expected ')', found \(spelling(current))", notes: [note])
      }
      openBrackets -= 1
      advance()
      return Expression(kind: inner.kind, range: range(from: start), height: inner.height)
    case .sign(.leftBracket):
      var list: [Expression] = []
      try enclosed(.leftBracket, .rightBracket) { (parser) throws(SyntaxFailure) in
        let start = parser.index
        let isSpread = parser.take(.ellipsis)
        let item = try parser.expression()
        list.append(isSpread ? try parser.make(.spread(item), from: start, over: item) : item)
      }
      return try make(.list(list), from: start, height: list.reduce(0) { max($0, $1.height) })
    default:
      throw fail("expected a value, found \(spelling(token))")
    }
  }

  private func digits(_ token: Token) -> String { text(token).filter { $0 != "_" } }

  private mutating func single(_ kind: Expression.Kind) throws(SyntaxFailure) -> Expression {
    let start = index
    advance()
    return try make(kind, from: start, height: 0)
  }

  // MARK: Trees of bounded height

  private mutating func make(
    _ kind: Expression.Kind, from start: Int, over parts: Expression...
  ) throws(SyntaxFailure) -> Expression {
    try make(kind, from: start, height: parts.reduce(0) { max($0, $1.height) })
  }

  private mutating func make(
    _ kind: Expression.Kind, from start: Int, height: Int
  ) throws(SyntaxFailure) -> Expression {
    guard height < Self.heightLimit else {
      throw fail(
        "the expression has more than \(Self.heightLimit) levels", at: tokens[start],
        hint: "give a part of it a name")
    }
    return Expression(kind: kind, range: range(from: start), height: height + 1)
  }
}
