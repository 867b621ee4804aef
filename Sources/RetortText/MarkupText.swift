/// Text inside HTML and SVG.
package enum MarkupText {
  /// Text as it stands, in elements and in quoted attributes; control characters become spaces, but
  /// lines still end.
  package static func escape(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n": result += "\n"
      case _ where scalar.isControl: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A sentence, in which no line ends before a per cent sign.
  package static func prose(_ text: String) -> String {
    escape(text).split(separator: " %", omittingEmptySubsequences: false)
      .joined(separator: "\u{A0}%")
  }
}
