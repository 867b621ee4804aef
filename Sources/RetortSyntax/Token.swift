import RetortIR
import RetortText

/// One word, number, string or sign of a file.
package struct Token: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case name
    case keyword(Keyword)
    case integer
    /// With a fraction or an exponent.
    case number
    /// In quotes, which the token's range includes.
    case string
    case sign(Punctuation)
    case end
  }

  package let kind: Kind
  package let start: Int32
  package let end: Int32
  /// Whether it is the first of its line.
  package let startsLine: Bool

  package var offsets: Range<Int> { Int(start)..<Int(end) }
}

/// The language's punctuation and operators.
package enum Punctuation: String, CaseIterable, Sendable {
  case leftParenthesis = "("
  case rightParenthesis = ")"
  case leftBracket = "["
  case rightBracket = "]"
  case leftBrace = "{"
  case rightBrace = "}"
  case arrow = "->"
  case ellipsis = "..."
  case upTo = "..<"
  case lessOrEqual = "<="
  case greaterOrEqual = ">="
  case equals = "=="
  case differs = "!="
  case and = "&&"
  case or = "||"
  case assign = "="
  case less = "<"
  case greater = ">"
  case plus = "+"
  case minus = "-"
  case times = "*"
  case divide = "/"
  case remainder = "%"
  case not = "!"
  case question = "?"
  case colon = ":"
  case comma = ","
  case at = "@"
}
