/// Turns diagnostics into text; the only code that draws carets.
package struct DiagnosticRenderer: Sendable {
  /// At most this many errors are drawn in one run.
  package static let limit = 20
  /// At most this many places beside an error's own.
  private static let labelLimit = 8
  /// What is drawn of a message or a hint, in Unicode scalars: names in them may be of any length.
  private static let messageLimit = 2_000

  package var colour: Bool

  package init(colour: Bool = false) { self.colour = colour }

  /// All diagnostics, sorted by file and position, each ending in a line break.
  package func render(_ diagnostics: Diagnostics) -> String {
    let sorted = diagnostics.list.enumerated().sorted { a, b in
      let (left, right) = (a.element.range, b.element.range)
      guard let left, let right else {
        return (left == nil) == (right == nil) ? a.offset < b.offset : left == nil
      }
      if left.file.path != right.file.path { return left.file.path < right.file.path }
      if left.offsets.lowerBound != right.offsets.lowerBound {
        return left.offsets.lowerBound < right.offsets.lowerBound
      }
      return a.offset < b.offset
    }
    var text = sorted.prefix(Self.limit).map { render($0.element) }.joined()
    if sorted.count > Self.limit {
      text += "note: \(sorted.count - Self.limit) more diagnostics are not shown\n"
    }
    return text
  }

  package func render(_ diagnostic: Diagnostic) -> String {
    let plain = rendered(diagnostic).visible(keepingLines: true)
    guard colour else { return plain }
    // Colours are put in last, so that none of a file's own text is taken for one.
    return [Diagnostic.Severity.error, .warning, .note].reduce(plain) { text, severity in
      text.replacing("\(severity.rawValue)\(Self.mark): ", with: paint(severity) + ": ")
    }
  }

  /// Stands behind a severity until the colours are put in; a private-use character.
  private static let mark = "\u{E000}"

  private func rendered(_ diagnostic: Diagnostic) -> String {
    var text = ""
    if let range = diagnostic.range {
      text += range.description + ": "
    } else if let path = diagnostic.path {
      text += path + ": "
    }
    text += diagnostic.severity.rawValue + (colour ? Self.mark : "") + ": "
    text += Self.cut(diagnostic.message)
    if let code = diagnostic.code { text += " [\(code)]" }
    text += "\n"
    if let range = diagnostic.range, diagnostic.severity != .note {
      text += excerpt(range, labels: diagnostic.labels)
    }
    for note in diagnostic.notes { text += rendered(note) }
    if let hint = diagnostic.hint { text += "    = hint: \(Self.cut(hint))\n" }
    return text
  }

  private func excerpt(_ range: SourceRange, labels: [Diagnostic.Label]) -> String {
    var window = SourceWindow(around: range)
    let blank = String(repeating: " ", count: max(5, String(window.line).count)) + " | "
    // The place itself comes first; labels elsewhere on the line get a line each.
    let own = labels.first { $0.range == range }
    var text = numbered(window)
    text += blank + underline(range, in: window) + (own.map { " " + $0.text } ?? "") + "\n"
    let others = labels.filter { $0.range != range && $0.range.file === range.file }
    for label in others.prefix(Self.labelLimit) {
      if !window.shows(label.range) {
        window = SourceWindow(around: label.range)
        text += numbered(window)
      }
      text += blank + underline(label.range, in: window) + " " + label.text + "\n"
    }
    if others.count > Self.labelLimit {
      text += blank + "… \(others.count - Self.labelLimit) more\n"
    }
    return text
  }

  private static func cut(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count > messageLimit else { return text }
    return String(scalars.prefix(messageLimit)) + "…"
  }

  private func numbered(_ window: SourceWindow) -> String {
    let number = String(window.line)
    let margin = String(repeating: " ", count: max(0, 5 - number.count))
    return "\(margin)\(number) | \(window.text)\n"
  }

  private func underline(_ range: SourceRange, in window: SourceWindow) -> String {
    let spaces = String(repeating: " ", count: range.column - 1 - window.start)
    let width = range.file.text(range.offsets).prefix { $0 != "\n" }.unicodeScalars.count
    return spaces + "^" + String(repeating: "~", count: max(0, min(width, 60) - 1))
  }

  private func paint(_ severity: Diagnostic.Severity) -> String {
    let code =
      switch severity {
      case .error: "31"
      case .warning: "33"
      case .note: "36"
      }
    return "\u{1B}[1;\(code)m\(severity.rawValue)\u{1B}[0m"
  }
}

/// What is drawn of a line: all of a short one, of a long one what is around a place.
private struct SourceWindow {
  /// In Unicode scalars, as columns are.
  private static let width = 120
  /// How many of them stand before the place.
  private static let lead = 30

  let line: Int
  let text: String
  /// The column, from 0, of the first scalar drawn.
  let start: Int
  /// The columns, from 0, that are no ellipsis.
  private let shown: Range<Int>

  init(around range: SourceRange) {
    line = range.line
    let source = range.file.text(line: line).replacing("\t", with: " ")
    let scalars = Array(source.unicodeScalars)
    guard scalars.count > Self.width else {
      text = source
      start = 0
      shown = 0..<Int.max
      return
    }
    start = max(0, min(range.column - 1 - Self.lead, scalars.count - Self.width))
    let end = start + Self.width
    let first = start > 0 ? start + 1 : 0
    // The end of the line is a place too, that of what is missing there.
    shown = first..<(end < scalars.count ? end - 1 : Int.max)
    let middle = scalars[first..<min(shown.upperBound, end)]
    text =
      (first > 0 ? "…" : "") + String(String.UnicodeScalarView(middle))
      + (end < scalars.count ? "…" : "")
  }

  func shows(_ range: SourceRange) -> Bool {
    range.line == line && shown.contains(range.column - 1)
  }
}
