/// One thing that is wrong with what a user gave: where, what, and what would mend it.
package struct Diagnostic: Sendable {
  package enum Severity: String, Sendable {
    case error, warning, note
  }

  /// What a value at a place is, drawn under the place: `^ f32[8, 32, 16, 16]`.
  package struct Label: Sendable {
    package let range: SourceRange
    package let text: String

    package init(_ range: SourceRange, _ text: String) {
      self.range = range
      self.text = text
    }
  }

  package var severity: Severity
  /// The fact, in lower case, with both sides of a disagreement.
  package var message: String
  /// The place in a text file, where there is one.
  package var range: SourceRange?
  /// The path of a file without lines (a tensor file, an image), where there is one.
  package var path: String?
  /// The input that a given tensor does not fit, or that none is given for. Whoever took the tensors
  /// knows where they came from, and names that in place of `path`.
  package var input: String?
  /// The constraint's label, `matmul/C2`.
  package var code: String?
  package var labels: [Label]
  package var notes: [Diagnostic]
  package var hint: String?

  package init(
    _ severity: Severity = .error, _ message: String, at range: SourceRange? = nil,
    path: String? = nil, input: String? = nil, code: String? = nil, labels: [Label] = [],
    notes: [Diagnostic] = [], hint: String? = nil
  ) {
    self.severity = severity
    self.message = message
    self.range = range
    self.path = path
    self.input = input
    self.code = code
    self.labels = labels
    self.notes = notes
    self.hint = hint
  }

  package static func note(
    _ message: String, at range: SourceRange? = nil, path: String? = nil
  ) -> Diagnostic {
    Diagnostic(.note, message, at: range, path: path)
  }
}

/// What a failed step reports: at least one error, with whatever warnings came before.
package struct Diagnostics: Error, Sendable, CustomStringConvertible {
  package var list: [Diagnostic]

  package init(_ list: [Diagnostic]) { self.list = list }

  /// A single error.
  package init(
    _ message: String, at range: SourceRange? = nil, path: String? = nil, input: String? = nil,
    code: String? = nil, labels: [Diagnostic.Label] = [], notes: [Diagnostic] = [],
    hint: String? = nil
  ) {
    list = [
      Diagnostic(
        .error, message, at: range, path: path, input: input, code: code, labels: labels,
        notes: notes, hint: hint)
    ]
  }

  /// Does what may fail, and tells each of its diagnostics otherwise: whoever calls often knows where
  /// what is wrong came from, and the code that noticed does not.
  package static func retelling<R>(
    _ told: (Diagnostic) -> Diagnostic, of body: () throws -> R
  ) throws -> R {
    do {
      return try body()
    } catch let error as Diagnostics {
      throw Diagnostics(error.list.map(told))
    }
  }

  package var description: String { DiagnosticRenderer().render(self) }
}

/// A fault of Retort itself: an invariant that no input may break. Exit code 70.
package struct InternalError: Error, Sendable, CustomStringConvertible {
  package let message: String

  package init(_ message: String) { self.message = message }

  package var description: String { "internal error: \(message)" }
}
