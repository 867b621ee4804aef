import RetortIR
import RetortTensor
import RetortText

extension Elaborator {
  /// An expression's one value.
  func evaluate(_ expression: Expression) throws(Reported) -> Datum {
    switch expression.kind {
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .flag(let value): return .flag(value)
    case .name(let name): return try lookUp(name, at: expression.range)
    default: break
    }
    try spend(at: expression.range)
    try descend(at: expression.range)
    defer { ascend() }
    switch expression.kind {
    case .string(let parts): return .text(try text(parts, at: expression.range))
    case .list(let items): return try list(items)
    case .range(let first, let end): return try range(first, end, at: expression.range)
    case .index(let list, let position): return try element(list, position)
    case .ternary(let condition, let first, let second):
      return try evaluate(try flag(condition, "'?'") ? first : second)
    case .unary(let sign, let operand): return try unary(sign, operand, at: expression.range)
    case .binary(let sign, let left, let right):
      return try binary(sign, left, right, at: expression.range)
    default:
      let results = try values(expression)
      guard results.count == 1 else {
        throw report(
          "the call gives \(Self.count(results.count, "result")) where one value is expected",
          at: expression.range)
      }
      return results[0]
    }
  }

  /// An expression's values: several for a call of what gives several.
  func values(_ expression: Expression) throws(Reported) -> [Datum] {
    switch expression.kind {
    case .call(let syntax): return try call(syntax, at: expression.range)
    case .annotated(let inner, let list):
      let annotations = try self.annotations(list)
      let results = try values(inner)
      guard case .tensor(let value) = results.first, builder.lastNode?.results.first == value else {
        throw report("annotations stand behind a call of an operation", at: expression.range)
      }
      builder.annotateLastNode(annotations)
      return results
    default: return [try evaluate(expression)]
    }
  }

  private func lookUp(_ name: String, at range: SourceRange) throws(Reported) -> Datum {
    switch frame.lookUp(name) {
    case .poison: throw Reported()
    case let found?: return found
    case nil: break
    }
    if name == ElementType.key.rawValue { return .element(.key) }
    if let element = ElementType(rawValue: name) { return .element(element) }
    if try isGraph(name) { return .graph(GraphDatum(name: name)) }
    throw reportUnknown(name, at: range)
  }

  private func reportUnknown(_ name: String, at range: SourceRange) -> Reported {
    let arguments = frame.graph.arguments
    guard
      let owner = arguments.firstIndex(where: { $0.defaultValue?.range.contains(range) == true }),
      arguments[(owner + 1)...].contains(where: { $0.name.text == name && !$0.type.isTensor })
    else {
      return report(
        "'\(name)' is not known here", at: range,
        hint: Suggestion.hint(for: name, in: frame.names))
    }
    let argument = arguments[owner].name.text
    return report(
      "the default of '\(argument)' uses '\(name)', which stands behind it", at: range,
      hint: "move '\(name)' before '\(argument)'")
  }

  /// A string with its interpolations put in.
  func text(_ parts: [TextPart], at range: SourceRange) throws(Reported) -> String {
    var text = ""
    for part in parts {
      switch part {
      case .literal(let literal): text += literal
      case .value(let expression):
        let datum = try evaluate(expression)
        guard let spelling = try spelling(of: datum, at: expression.range) else {
          throw report(
            "\(describe(datum)) cannot be part of a text", at: expression.range,
            hint: "texts are made of compile-time values")
        }
        text += spelling
      }
      guard text.utf8.count <= limits.textLength else {
        throw report("the text has more than \(limits.textLength) bytes", at: range)
      }
    }
    try spend(1 + text.utf8.count / 16, at: range)
    return text
  }

  private func spelling(of datum: Datum, at range: SourceRange) throws(Reported) -> String? {
    switch datum {
    case .text(let value): return value
    case .graph(let graph): return graph.name
    default: return try attribute(datum, at: range)?.description
    }
  }

  private func list(_ items: [Expression]) throws(Reported) -> Datum {
    var list: [Datum] = []
    list.reserveCapacity(items.count)
    for item in items {
      try spend(at: item.range)
      if case .spread(let inner) = item.kind {
        let datum = try evaluate(inner)
        guard let elements = try elements(of: datum, at: inner.range) else {
          throw report(
            "'...' takes a list, but \(spelling(inner.range)) is \(describe(datum))",
            at: inner.range)
        }
        list += elements
        continue
      }
      let datum = try evaluate(item)
      if datum.isList {
        throw report("a list holds no lists", at: item.range, hint: "'...' spreads one")
      }
      list.append(datum)
    }
    guard list.count <= limits.listLength else {
      throw report("the list has more than \(limits.listLength) elements", at: items[0].range)
    }
    return .list(list)
  }

  private func range(
    _ first: Expression, _ end: Expression, at range: SourceRange
  ) throws(Reported) -> Datum {
    let bounds = (try evaluate(first), try evaluate(end))
    guard case (.integer(let low), .integer(let high)) = bounds else {
      throw report(
        "a range is between two Ints, not \(describe(bounds.0)) and \(describe(bounds.1))",
        at: range)
    }
    guard abs(Double(low)) <= Double(limits.integer), abs(Double(high)) <= Double(limits.integer)
    else {
      throw report("the range \(low)..<\(high) is too long", at: range)
    }
    guard low <= high else {
      throw report("the range \(low)..<\(high) ends before it begins", at: range)
    }
    return .range(low..<high)
  }

  private func element(_ list: Expression, _ position: Expression) throws(Reported) -> Datum {
    let datum = try evaluate(list)
    let index = try evaluate(position)
    guard case .integer(let number) = index else {
      throw report(
        "a list is indexed with an Int, but \(spelling(position.range)) is \(describe(index))",
        at: position.range)
    }
    let count: Int
    switch datum {
    case .list(let items): count = items.count
    case .range(let range): count = range.count
    default:
      var hint: String?
      if case .tensor = datum { hint = "'slice' and 'gather' take parts of tensors" }
      throw report(
        "only lists are indexed, but \(spelling(list.range)) is \(describe(datum))",
        at: list.range, hint: hint)
    }
    guard number >= 0, number < count else {
      throw report(
        "index \(number) is outside \(spelling(list.range)), \(describe(datum))",
        at: position.range)
    }
    switch datum {
    case .list(let items):
      if case .poison = items[number] { throw Reported() }
      return items[number]
    case .range(let range): return .integer(range.lowerBound + number)
    default: throw Reported()
    }
  }
}
