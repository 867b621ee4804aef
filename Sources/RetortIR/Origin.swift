import RetortText

/// Where a node came from, in the user's terms.
package struct Origin: Sendable, Hashable {
  /// The expression in the definition.
  package var range: SourceRange?
  /// The call path, `layer1.0.conv1`; it is empty at the top.
  package var path: String
  /// How it was derived from that place, `gradient of conv2d`; nil where it was written there.
  package var derivation: String?

  package init(range: SourceRange? = nil, path: String = "", derivation: String? = nil) {
    self.range = range
    self.path = path
    self.derivation = derivation
  }

  package func derived(_ derivation: String) -> Origin {
    Origin(range: range, path: path, derivation: derivation)
  }

  /// What happened to it since, behind what is told already: `gradient of conv2d, fused`.
  package func also(_ step: String) -> Origin {
    derived((derivation.map { $0 + ", " } ?? "") + step)
  }

  /// `layer1.0 resnet.graph:14, gradient of conv2d`; empty where nothing is known.
  package var description: String {
    var parts: [String] = []
    if !path.isEmpty { parts.append(path) }
    if let range { parts.append("\(range.file.path):\(range.line)") }
    let place = parts.joined(separator: " ")
    guard let derivation else { return place }
    return place.isEmpty ? derivation : place + ", " + derivation
  }
}
