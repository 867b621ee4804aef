import RetortIR
import RetortTensor
import RetortText

extension Elaborator {
  /// How a list of statements ends.
  enum Outcome {
    case next
    case returned([Operand], SourceRange)
    case yielded([Operand], collected: [Operand], SourceRange)
    /// What it would have given is unknown; the reason has been reported.
    case failed
  }

  /// A value and the expression that gave it.
  struct Operand {
    let datum: Datum
    let range: SourceRange
  }

  /// Runs statements in order; one that fails poisons what it binds.
  func execute(_ statements: [Statement]) -> Outcome {
    for statement in statements {
      if isAborted { return .failed }
      do throws(Reported) {
        let outcome = try execute(statement)
        guard case .next = outcome else { return outcome }
      } catch {
        poison(statement)
        switch statement.kind {
        // Behind a condition that does not hold, little would be a mistake of its own.
        case .result, .yield, .require: return .failed
        default: break
        }
      }
    }
    return .next
  }

  private func execute(_ statement: Statement) throws(Reported) -> Outcome {
    try spend(at: statement.range)
    switch statement.kind {
    case .binding(let targets, let value): try bind(targets, value)
    case .call(let expression): try callForUpdates(expression)
    case .declaration(let syntax): try declare(syntax)
    case .update(let target, let value): try update(target, value, at: statement.range)
    case .choice(let condition, let body, let alternative):
      try descend(at: statement.range)
      defer { ascend() }
      return execute(try flag(condition, "'if'") ? body : alternative)
    case .loop(let name, let list, let body): return try loop(name, list, body)
    case .require(let condition, let message): try require(condition, message, at: statement.range)
    case .result(let expressions):
      if openRegions > frame.openRegions {
        throw report("a region ends with 'yield', not with 'return'", at: statement.range)
      }
      return .returned(try operands(expressions), statement.range)
    case .yield(let next, let collected):
      guard openRegions > frame.openRegions else {
        throw report(
          "'yield' stands in 'repeat', 'prepare' and 'fused' only", at: statement.range,
          hint: "a graph ends with 'return'")
      }
      return .yielded(
        try operands(next), collected: try operands(collected), statement.range)
    }
    return .next
  }

  /// The values of expressions; a call alone may give several.
  private func operands(_ expressions: [Expression]) throws(Reported) -> [Operand] {
    if expressions.count == 1 {
      return try values(expressions[0]).map { Operand(datum: $0, range: expressions[0].range) }
    }
    var list: [Operand] = []
    for expression in expressions {
      list.append(Operand(datum: try evaluate(expression), range: expression.range))
    }
    return list
  }

  /// Binds everything that a failed statement would have bound.
  private func poison(_ statement: Statement) {
    switch statement.kind {
    case .binding(let targets, _):
      for target in targets { frame.bind(target.name.text, .poison) }
    case .declaration(let syntax): frame.bind(syntax.name.text, .poison)
    case .choice(_, let body, let alternative):
      body.forEach(poison)
      alternative.forEach(poison)
    case .loop(let name, _, let body):
      frame.bind(name.text, .poison)
      body.forEach(poison)
    case .call, .update, .require, .result, .yield: break
    }
  }

  // MARK: Binding

  private func bind(_ targets: [TargetSyntax], _ value: BindingValue) throws(Reported) {
    let mark = builder.valueCount
    let data: [Datum]
    let range: SourceRange
    switch value {
    case .expression(let expression):
      range = expression.range
      data = targets.count == 1 ? [try evaluate(expression)] : try values(expression)
    case .repeat(let syntax):
      range = syntax.range
      data = try loop(syntax)
    case .region(let syntax):
      range = syntax.range
      data = try region(syntax)
    }
    guard data.count == targets.count else {
      throw report(
        "\(Self.count(targets.count, "name")) for \(Self.count(data.count, "value"))", at: range)
    }
    var failed = false
    for (target, datum) in zip(targets, data) {
      do throws(Reported) {
        try bind(target, datum, from: mark, at: range)
      } catch {
        frame.bind(target.name.text, .poison)
        failed = true
      }
    }
    if failed, targets.count == 1 { throw Reported() }
  }

  private func bind(
    _ target: TargetSyntax, _ datum: Datum, from mark: Int, at range: SourceRange
  ) throws(Reported) {
    var datum = datum
    switch target.type?.kind {
    case .tensor:
      let type = try tensorType(target.type!)
      datum = .tensor(try tensor(datum, as: type, "'\(target.name.text)'", at: range))
    case .value(let kind):
      datum = try convert(datum, to: kind, "'\(target.name.text)'", at: range)
    case nil: break
    }
    name(datum, target.name.text, from: mark)
    frame.bind(target.name.text, datum)
  }

  /// A value that the statement made takes the name that it is bound to; arguments and weights keep
  /// theirs.
  private func name(_ datum: Datum, _ name: String, from mark: Int) {
    guard case .tensor(let value) = datum, value.id >= mark, weightOfValue[value] == nil else {
      return
    }
    builder.rename(value, to: name)
  }

  private func callForUpdates(_ expression: Expression) throws(Reported) {
    let results = try values(expression)
    if !results.isEmpty {
      throw report(
        "the call gives \(Self.count(results.count, "result")), which nothing uses",
        at: expression.range, hint: "bind it to a name with '='")
    }
  }

  // MARK: Control

  /// A compile-time condition; `what` asks for it.
  func flag(_ expression: Expression, _ what: String) throws(Reported) -> Bool {
    let datum = try evaluate(expression)
    if case .flag(let value) = datum { return value }
    var hint: String?
    if case .tensor = datum { hint = "'select(condition, a, b)' chooses between tensors" }
    throw report(
      "\(what) takes a compile-time Bool, but \(spelling(expression.range)) is \(describe(datum))",
      at: expression.range, hint: hint)
  }

  private func loop(
    _ name: Identifier, _ list: Expression, _ body: [Statement]
  ) throws(Reported) -> Outcome {
    try descend(at: name.range)
    defer { ascend() }
    let datum = try evaluate(list)
    if case .range(let range) = datum {
      for turn in range {
        try spend(at: name.range)
        frame.bind(name.text, .integer(turn))
        let outcome = execute(body)
        guard case .next = outcome else { return outcome }
      }
      return .next
    }
    guard case .list(let items) = datum else {
      throw report(
        "'for' takes a range or a list, but \(spelling(list.range)) is \(describe(datum))",
        at: list.range, hint: rangeHint(datum, list))
    }
    for item in items {
      try spend(at: name.range)
      frame.bind(name.text, item)
      let outcome = execute(body)
      guard case .next = outcome else { return outcome }
    }
    return .next
  }

  /// How a range is written in place of what is none.
  func rangeHint(_ datum: Datum, _ expression: Expression) -> String? {
    let text = expression.range.text
    guard text.count <= 40 else { return nil }
    switch datum {
    case .integer(let value) where (0..<limits.integer).contains(value):
      // A choice binds less tightly than a range.
      if case .ternary = expression.kind { return "write '0..<(\(text))'" }
      return "write '0..<\(text)'"
    case .number(let value) where value >= 0 && value < Double(limits.integer):
      return "write '0..<int(\(text))'"
    case .tensor(let value) where builder.type(of: value).rank > 0:
      return "write '0..<dim(\(text), 0)' for its first axis"
    default: return nil
    }
  }

  private func require(
    _ condition: Expression, _ message: Expression, at range: SourceRange
  ) throws(Reported) {
    if try flag(condition, "'require'") { return }
    guard case .text(let text) = try evaluate(message) else {
      throw report("the message of 'require' is a String", at: message.range)
    }
    throw report(text, at: condition.range)
  }

  // MARK: Results

  /// What a graph gives, of the types that it declares.
  func results(
    _ outcome: Outcome, of graph: GraphSyntax, at name: SourceRange
  ) throws(Reported) -> [Datum] {
    let operands: [Operand]
    let place: SourceRange
    switch outcome {
    case .failed: throw Reported()
    case .returned(let list, let range): (operands, place) = (list, range)
    case .next, .yielded: (operands, place) = ([], graph.name.range)
    }
    guard operands.count == graph.results.count else {
      throw report(
        "'\(graph.name.text)' has \(Self.count(graph.results.count, "result")), but "
          + (operands.isEmpty ? "returns none" : "returns \(operands.count)"), at: place,
        hint: operands.isEmpty
          ? "end it with 'return'" : graph.results.isEmpty ? declaration(of: operands) : nil)
    }
    var list: [Datum] = []
    for (syntax, operand) in zip(graph.results, operands) {
      let what = "the result '\(syntax.name)'"
      switch syntax.type.kind {
      case .tensor:
        let type = try resultType(syntax.type)
        list.append(
          .tensor(try tensor(operand.datum, as: type, what, at: operand.range)))
      case .value(let kind):
        list.append(try convert(operand.datum, to: kind, what, at: operand.range))
      }
    }
    return list
  }

  /// How a graph that declares no results would declare these.
  private func declaration(of operands: [Operand]) -> String {
    let arrow =
      entryTypes(of: operands).map { "'-> \($0)'" } ?? "'->' and the types of the results"
    return "write \(arrow) behind the arguments, or nothing behind 'return'"
  }

  /// The types of a few results of the entry, which are tensors. Another graph's may differ from
  /// call to call.
  private func entryTypes(of operands: [Operand]) -> String? {
    guard frames.count == 1, operands.count <= 4 else { return nil }
    var types: [String] = []
    for operand in operands {
      switch operand.datum {
      case .tensor(let value): types.append(builder.type(of: value).description)
      case .integer: types.append("i32[]")
      case .number: types.append("f32[]")
      case .flag: types.append("bool[]")
      default: return nil
      }
    }
    return types.count == 1 ? types[0] : "(\(types.joined(separator: ", ")))"
  }

  /// A result's type as the call promises it: a body that binds a dimension again does not change
  /// what its callers were told. A name that only the body binds is what the body made it.
  private func resultType(_ syntax: TypeSyntax) throws(Reported) -> TensorType {
    let called = frame
    called.openSignature()
    defer { called.closeScope() }
    return try tensorType(syntax)
  }

  static func count(_ number: Int, _ noun: String) -> String {
    "\(number == 0 ? "no" : String(number)) \(noun)\(number == 1 ? "" : "s")"
  }
}
