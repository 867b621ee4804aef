internal import RetortText

/// What went wrong, as a person reads it: the file, the place, the fact and what would mend it.
public struct RetortError: Error, Sendable, Hashable, CustomStringConvertible {
  /// One line or several, as the command line prints them:
  /// `model.graph:14:19: error: convolution expects 64 input channels, but 'x' has 32 …`.
  public let description: String
  /// Whether it is a fault of Retort itself, which no input may bring about.
  public let isInternal: Bool

  init(_ error: any Error) {
    switch error {
    case let error as RetortError: self = error
    case let error as Diagnostics: self.init(error.description, isInternal: false)
    default: self.init("\(error)", isInternal: true)
    }
  }

  /// A single error without a place.
  package init(_ message: String, hint: String? = nil) {
    self.init(Diagnostics(message, hint: hint))
  }

  private init(_ text: String, isInternal: Bool) {
    // The renderer ends its last line, which a message in a log does not.
    description = text.hasSuffix("\n") ? String(text.dropLast()) : text
    self.isInternal = isInternal
  }

  /// Runs what may fail in any way, and fails in this one.
  static func reporting<R>(_ body: () throws -> R) throws(RetortError) -> R {
    do { return try body() } catch { throw RetortError(error) }
  }
}
