import Foundation
import RetortTestSupport
import Testing

/// The built program `retort`, run as a process of its own.
enum CommandLineProgram {
  /// What a run left: exit code (128 + the signal that ended it), and both outputs.
  struct Outcome {
    let code: Int32
    let output: String
    let error: String
  }

  /// Beside the tests' own executable, which the package's build puts into the same folder.
  static let path: String? = {
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let folders = [
      own.deletingLastPathComponent().path, Bundle.main.bundlePath,
      Bundle.main.bundleURL.deletingLastPathComponent().path, Repository.root + "/.build/debug",
    ]
    return folders.map { $0 + "/retort" }
      .first { access($0, X_OK) == 0 && !isFolder($0) }
  }()

  static let isBuilt = path != nil
  static let absence: Comment = "the program 'retort' is not built beside the tests"

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// Runs to the end. A run that takes longer than a minute is killed, and its code is 137.
  ///
  /// - Parameters:
  ///   - output: where standard output goes; caught by default.
  ///   - error: where standard error goes; caught by default.
  static func run(
    _ words: [String], in folder: String? = nil, input: String = "/dev/null", output: String? = nil,
    error: String? = nil
  ) throws -> Outcome {
    let running = try Running(words, folder: folder, input: input, output: output, error: error)
    return try running.wait()
  }

  /// A started process. One that nobody has waited for is killed when the test lets go of it.
  final class Running {
    let identifier: pid_t
    private var isEnded = false
    private let space: TemporaryFolder
    private let outputPath: String
    private let errorPath: String

    init(
      _ words: [String], folder: String? = nil, input: String = "/dev/null", output: String? = nil,
      error: String? = nil, outlivesTerminal: Bool = false
    ) throws {
      let program = try #require(CommandLineProgram.path)
      space = try TemporaryFolder()
      outputPath = output ?? space.file("output")
      errorPath = error ?? space.file("error")
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      defer { posix_spawn_file_actions_destroy(&actions) }
      posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
      posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT, 0o600)
      posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT, 0o600)
      var attributes = posix_spawnattr_t()
      posix_spawnattr_init(&attributes)
      defer { posix_spawnattr_destroy(&attributes) }
      // Tests that are run in the background ignore interrupts; their children must not.
      var signals = sigset_t()
      sigemptyset(&signals)
      for signal in [SIGINT, SIGPIPE, SIGHUP] { sigaddset(&signals, signal) }
      posix_spawnattr_setsigdefault(&attributes, &signals)
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
      let prefix = ["env", "-C", folder ?? space.path] + (outlivesTerminal ? ["nohup"] : [])
      var arguments = (prefix + [program] + words).map { strdup($0) } + [nil]
      defer { arguments.forEach { free($0) } }
      var started: pid_t = 0
      // `env` and `nohup` become the program: the process stays the same.
      let code = posix_spawn(&started, "/usr/bin/env", &actions, &attributes, &arguments, environ)
      try #require(code == 0, "the program cannot be started: \(String(cString: strerror(code)))")
      identifier = started
    }

    deinit {
      guard !isEnded else { return }
      kill(identifier, SIGKILL)
      waitpid(identifier, nil, 0)
    }

    /// Looks again and again until that is so; after two minutes it never will be.
    func wait(
      until isSo: () throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let deadline = ContinuousClock.now + .seconds(120)
      while try !isSo() {
        try #require(
          ContinuousClock.now < deadline, "\(text(errorPath))", sourceLocation: sourceLocation)
        usleep(2000)
      }
    }

    /// Waits for the end.
    func wait() throws -> Outcome {
      let deadline = ContinuousClock.now + .seconds(60)
      var status: Int32 = 0
      while waitpid(identifier, &status, WNOHANG) == 0 {
        if ContinuousClock.now > deadline { kill(identifier, SIGKILL) }
        usleep(2000)
      }
      isEnded = true
      let signal = status & 0x7F
      return Outcome(
        code: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, output: text(outputPath),
        error: text(errorPath))
    }

    private func text(_ path: String) -> String {
      guard path.hasPrefix(space.path) else { return "" }
      return String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
  }
}

@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineProgramTests {
  /// Not even one that has ended by itself would be unknown to the system before.
  @Test func aProgramThatNobodyWaitsForIsEnded() throws {
    let identifier = try CommandLineProgram.Running(["demo"]).identifier
    let code = kill(identifier, 0) == 0 ? 0 : errno
    #expect(code == ESRCH)
  }
}
