import Foundation
import RetortDriver
import RetortTestSupport
import RetortText
import Testing

@Suite struct DefinitionFileTests {
  /// One that nobody writes to would be waited for, and others would give their bytes to the
  /// question of what they hold.
  @Test(.timeLimit(.minutes(60))) func aPipeIsNoDefinition() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.file("pipe.graph")
    try #require(mkfifo(pipe, 0o600) == 0)
    for path in [pipe, "/dev/null"] {
      let fault = #expect(throws: Diagnostics.self) { try Compiler(library: .none).load(path) }
      #expect(
        fault?.description == """
          \(path): error: cannot be read: it is no regular file
              = hint: write what it gives to a file and name that

          """)
    }
  }
}
