import RetortText
import Testing

/// The exit codes 1 and 70, and what is said with them.
@Suite struct FailureTests {
  private struct Stranger: Error {}

  @Test func whatIsToldOfTheUsersFilesEndsWith1() {
    let error = Diagnostics("is damaged", path: "p.retort", hint: "compile it again")
    let failure = Failure(error, of: "retort run p.retort")
    #expect(failure.code == 1)
    #expect(failure.text == "p.retort: error: is damaged\n    = hint: compile it again\n")
    #expect(Failure(error, of: "", colour: true).text.contains("\u{1B}[1;31merror\u{1B}[0m: "))
  }

  @Test func aFaultEndsWith70AndIsReplayed() {
    let failure = Failure(
      InternalError("after fold-constants: 'h' is defined twice"), of: "retort run 'a b.graph'")
    #expect(failure.code == 70)
    #expect(
      failure.text == """
        internal error: after fold-constants: 'h' is defined twice
        This is a fault of Retort. It is replayed by:
          retort run 'a b.graph'

        """)
  }

  /// An error of the toolchain's libraries that nobody has put into words.
  @Test func soDoesWhatNobodyTells() {
    let failure = Failure(Stranger(), of: "retort ops")
    #expect(failure.code == 70)
    #expect(
      failure.text == """
        internal error: Stranger()
        This is a fault of Retort. It is replayed by:
          retort ops

        """)
  }
}
