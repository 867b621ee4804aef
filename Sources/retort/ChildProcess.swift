import Foundation
import RetortText

/// This program, run once more.
enum ChildProcess {
  /// Standard output of a run with these arguments; its standard error goes where this process's
  /// goes.
  ///
  /// - Throws: where it cannot be started or fails.
  static func output(of words: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = words
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    do {
      try process.run()
    } catch {
      throw Diagnostics("the program cannot be started again: \(error.localizedDescription)")
    }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let command = words.joined(separator: " ")
      throw Diagnostics("'retort \(command)' failed with exit code \(process.terminationStatus)")
    }
    return String(decoding: data, as: UTF8.self)
  }
}
