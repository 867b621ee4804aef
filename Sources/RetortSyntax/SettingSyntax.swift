import RetortIR

/// A setting's text, `--set NAME=TEXT`, taken apart as the kind of its argument says: words stand
/// for themselves where texts and graphs are expected, and lists go without brackets.
package enum SettingSyntax: Sendable {
  /// What the language reads as it stands.
  case expression(String)
  /// A text without quotation marks.
  case text(String)
  /// A graph's name.
  case name(String)
  /// The path of a file, whose first graph is meant.
  case file(String)
  /// What stands between the commas of a list without brackets.
  case list([SettingSyntax])

  package init(_ text: String, of kind: ValueKind) {
    switch kind {
    case .integer, .number, .flag: self = .expression(text)
    case .text: self = text.hasPrefix("\"") ? .expression(text) : .text(text)
    case .graph:
      if text.hasPrefix("\"") || text.contains("(") {
        self = .expression(text)
      } else {
        self = text.hasSuffix(".graph") ? .file(text) : .name(text)
      }
    case .integers, .numbers:
      // A list of one can be meant by a range, which is a list itself.
      let isWhole =
        text.hasPrefix("[")
        || text.contains("..<") && Self.items(of: text, nesting: true).count == 1
      self = .expression(isWhole ? text : "[\(text)]")
    case .texts, .graphs:
      if text.hasPrefix("[") {
        self = .expression(text)
      } else {
        let element: ValueKind = kind == .texts ? .text : .graph
        let items = Self.items(of: text, nesting: kind == .graphs)
        self = .list(items.map { SettingSyntax($0, of: element) })
      }
    }
  }

  /// The setting as the language spells it.
  package var spelling: String {
    switch self {
    case .expression(let text), .name(let text): text
    case .text(let text), .file(let text): AttributeValue.quoted(text)
    case .list(let items): "[\(items.map(\.spelling).joined(separator: ", "))]"
    }
  }

  /// What stands between commas, without the spaces around it; nothing where that is empty. Commas
  /// belong to a text in quotation marks, and to what is in brackets where these nest.
  private static func items(of text: String, nesting: Bool) -> [String] {
    var items = [""]
    var depth = 0
    var isFirst = true
    var isQuoted = false
    var isEscaped = false
    for character in text {
      if character == ",", depth == 0, !isQuoted {
        items.append("")
        isFirst = true
        continue
      }
      items[items.count - 1].append(character)
      if isEscaped {
        isEscaped = false
        continue
      }
      switch character {
      case "\\": isEscaped = isQuoted
      case "\"" where isQuoted || isFirst || depth > 0: isQuoted.toggle()
      case "(", "[": depth += nesting && !isQuoted ? 1 : 0
      case ")", "]": depth = isQuoted ? depth : max(0, depth - 1)
      default: break
      }
      if character != " " { isFirst = false }
    }
    return items.map { item in
      String(item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
    .filter { !$0.isEmpty }
  }
}
