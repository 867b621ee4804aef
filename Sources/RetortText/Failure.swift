/// Exit codes of the program.
package enum ExitCode {
  package static let done: Int32 = 0
  package static let failed: Int32 = 1
  package static let usage: Int32 = 64
  package static let fault: Int32 = 70
  package static let interrupted: Int32 = 130
}

/// What a command that failed leaves behind: its exit code, and what it says on standard error.
package struct Failure: Equatable, Sendable {
  package let code: Int32
  package let text: String

  /// What is not told of something that the user gave is a fault of Retort, whatever threw it.
  ///
  /// - Parameter commandLine: the command that was given, as a shell takes it.
  package init(_ error: any Error, of commandLine: String, colour: Bool = false) {
    if let diagnostics = error as? Diagnostics {
      code = ExitCode.failed
      text = DiagnosticRenderer(colour: colour).render(diagnostics)
    } else {
      let fault = error as? InternalError ?? InternalError("\(error)")
      code = ExitCode.fault
      text = """
        \(fault)
        This is a fault of Retort. It is replayed by:
          \(commandLine)

        """
    }
  }
}
