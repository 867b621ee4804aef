import RetortFormats

/// A file of weights as it is named on the command line or in a recipe: `FILE`, or `PREFIX=FILE`,
/// whose tensors' names then begin with the prefix. So a public head that calls its tensors
/// `linear.weight` can be bound as `heads.contrastive.linear.weight`.
package struct WeightFile: Sendable, Equatable {
  package let prefix: String?
  package let path: String

  /// A file whose own name holds a `=` is that file.
  package init(_ text: String) {
    if let mark = text.firstIndex(of: "="), InputFile.isMissing(text) {
      let prefix = text[..<mark]
      let isPath = prefix.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
      if isPath, !prefix.isEmpty {
        (self.prefix, path) = (String(prefix), String(text[text.index(after: mark)...]))
        return
      }
    }
    (prefix, path) = (nil, text)
  }

  /// The name that a tensor of the file goes by.
  package func name(_ own: String) -> String { prefix.map { "\($0).\(own)" } ?? own }

  /// As it is written, with the file in a library's `weights` unless its path is absolute.
  package func text(in library: GraphLibrary) -> String {
    let found = path.hasPrefix("/") ? path : library.path("weights/" + path)
    return prefix.map { "\($0)=\(found)" } ?? found
  }
}
