import RetortText

/// What is wrong with the bytes of a file, before anybody has said which file it is.
///
/// Decoders work on bytes and throw this; the entry points that know the path turn it into
/// `Diagnostics`.
package struct FormatError: Error, Sendable, CustomStringConvertible {
  /// The fact, in lower case: `the data ends after 40 of 48 bytes`.
  package let message: String
  /// What would mend it, where something would.
  package let hint: String?
  /// Whether the message names the field of a protobuf message that is at fault.
  private(set) var namesField = false

  package init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }

  package var description: String { message }

  /// The same fault, said of the file at `path`.
  package func diagnostics(_ path: String) -> Diagnostics {
    Diagnostics(message, path: path, hint: hint)
  }

  /// The same fault, said of one part of a file: `entry 'w.npy': ...`.
  package func within(_ part: String) -> FormatError {
    var error = FormatError("\(part): \(message)", hint: hint)
    error.namesField = namesField
    return error
  }

  /// The same fault, said of a field, unless it is said of one already: the innermost message tells
  /// most, and the way to it would only repeat type names.
  func within(field number: Int, of message: String) -> FormatError {
    if namesField { return self }
    var error = within("field \(number) of \(message)")
    error.namesField = true
    return error
  }
}

/// Runs a decoder and says its faults of the file at `path`.
package func naming<R>(
  _ path: String, _ body: () throws(FormatError) -> R
) throws(Diagnostics) -> R {
  do { return try body() } catch { throw error.diagnostics(path) }
}

/// Names from a file as they may be shown: quoted, control characters replaced, cut after 80.
func quoted(_ name: String) -> String {
  return "'" + String(String.UnicodeScalarView(name.unicodeScalars.prefix(80))).visible()
    + (name.unicodeScalars.count > 80 ? "..." : "") + "'"
}
