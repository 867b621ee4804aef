import Foundation
import RetortDriver
import RetortTestSupport

/// Programs of the system, and what was built beside the tests.
enum Installed {
  struct Outcome {
    let code: Int32
    let error: String
  }

  static func path(of name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  /// The build's folder, if a file of this name lies in it.
  static func buildFolder(with name: String) -> String? {
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let folders = [
      own.deletingLastPathComponent().path, Bundle.main.bundlePath,
      Bundle.main.bundleURL.deletingLastPathComponent().path,
    ]
    return folders.first { FileManager.default.fileExists(atPath: "\($0)/\(name)") }
  }

  /// Runs a program to its end; what it says on standard error is kept.
  static func run(
    _ program: String, _ words: [String], in folder: String? = nil,
    environment: [String: String] = [:]
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = words
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let error = Pipe()
    process.standardError = error
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let text = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      code: process.terminationStatus, error: String(decoding: text, as: UTF8.self))
  }
}

/// Compiled plans.
enum Plan {
  static func write(
    _ path: String, settings: [String: String], weights: [String], to target: String
  ) throws {
    var request = Request(path: path, library: Repository.library)
    request.settings = settings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    request.weightPaths = weights
    _ = try PlanWriter(request: request, rebuild: "retort compile").write(to: target)
  }
}
