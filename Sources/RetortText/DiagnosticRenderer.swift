/// Turns diagnostics into text; the only code that draws carets.
package struct DiagnosticRenderer: Sendable {
  /// At most this many errors are drawn in one run.
  package static let limit = 20

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
    text += diagnostic.severity.rawValue + (colour ? Self.mark : "") + ": " + diagnostic.message
    if let code = diagnostic.code { text += " [\(code)]" }
    text += "\n"
    if let range = diagnostic.range, diagnostic.severity != .note {
      text += excerpt(range, labels: diagnostic.labels)
    }
    for note in diagnostic.notes { text += rendered(note) }
    if let hint = diagnostic.hint { text += "    = hint: \(hint)\n" }
    return text
  }

  private func excerpt(_ range: SourceRange, labels: [Diagnostic.Label]) -> String {
    let line = range.line
    let source = range.file.text(line: line).replacing("\t", with: " ")
    let number = String(line)
    let margin = String(repeating: " ", count: max(0, 5 - number.count))
    var text = "\(margin)\(number) | \(source)\n"
    let blank = String(repeating: " ", count: max(5, number.count)) + " | "
    // The place itself comes first; labels elsewhere on the line get a line each.
    let own = labels.first { $0.range == range }
    text += blank + underline(range) + (own.map { " " + $0.text } ?? "") + "\n"
    for label in labels where label.range != range && label.range.file === range.file {
      let place = label.range.line
      if place != line {
        let placeNumber = String(place)
        let placeMargin = String(repeating: " ", count: max(0, 5 - placeNumber.count))
        let placeText = range.file.text(line: place).replacing("\t", with: " ")
        text += "\(placeMargin)\(placeNumber) | \(placeText)\n"
      }
      text += blank + underline(label.range) + " " + label.text + "\n"
    }
    return text
  }

  private func underline(_ range: SourceRange) -> String {
    let column = range.column
    let spaces = String(repeating: " ", count: column - 1)
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
