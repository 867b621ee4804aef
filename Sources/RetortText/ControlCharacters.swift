extension Unicode.Scalar {
  /// Whether a terminal could obey it instead of showing it.
  package var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}

extension String {
  /// With control characters of files and paths replaced, so that no terminal obeys them.
  ///
  /// - Parameter keepingLines: whether line breaks stay.
  package func visible(keepingLines: Bool = false) -> String {
    guard unicodeScalars.contains(where: \.isControl) else { return self }
    return String(
      UnicodeScalarView(
        unicodeScalars.map {
          $0.isControl && !(keepingLines && $0 == "\n") ? "\u{FFFD}" : $0
        }))
  }
}
