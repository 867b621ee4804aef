import RetortOps
import RetortTensor
import RetortText

extension Parser {
  /// `f32[n, 3]`, `Int`, `[Graph]`.
  mutating func type() throws(SyntaxFailure) -> TypeSyntax {
    let start = index
    if take(.leftBracket) {
      let word = current.kind == .name ? text(current) : ""
      guard let kind = ValueKind(rawValue: "[\(word)]") else {
        throw fail(
          "expected the type of a list's elements, found \(spelling(current))",
          hint: "one of Int, Float, String, Graph")
      }
      advance()
      try expect(.rightBracket)
      return TypeSyntax(kind: .value(kind), range: range(from: start))
    }
    guard current.kind == .name else {
      throw fail("expected a type, found \(spelling(current))")
    }
    let word = text(current)
    if let kind = ValueKind(rawValue: word) {
      advance()
      return TypeSyntax(kind: .value(kind), range: range(from: start))
    }
    guard let element = ElementType(rawValue: word) else {
      let elements = ElementType.allCases.filter(\.isComputed).map(\.rawValue)
      let hasDimensions = following.kind == .sign(.leftBracket) && !following.startsLine
      let known = hasDimensions ? elements : ValueKind.allCases.map(\.rawValue) + elements
      throw fail("'\(word)' is not a type", hint: Suggestion.hint(for: word, in: known))
    }
    advance()
    guard current.kind == .sign(.leftBracket), isOnLine else {
      throw fail(
        "expected '[' and the dimensions, found \(spelling(current))",
        hint: "a scalar is '\(word)[]'")
    }
    var dimensions: [DimensionSyntax] = []
    try enclosed(.leftBracket, .rightBracket) { (parser) throws(SyntaxFailure) in
      let isRest = parser.take(.ellipsis)
      let value = try parser.expression()
      dimensions.append(isRest ? .rest(value) : .extent(value))
    }
    return TypeSyntax(kind: .tensor(element, dimensions), range: range(from: start))
  }
}
