import Foundation
import RetortTestSupport
import Testing

/// A package of somebody else's that depends on this one, built from nothing and run.
@Suite(
  .serialized,
  .enabled(
    if: Repository.runsLongTests,
    "building a client package takes minutes: RETORT_LONG_TESTS=1 asks for it"))
struct ClientPackageTests {
  /// `native` has the flags that only a dependency by path may have, `portable` has none. Without
  /// them a debug build is not optimised and takes minutes to purify, so it is only built.
  @Test(arguments: ["portable", "native"])
  func aClientPackageBuildsAndRuns(_ processor: String) throws {
    let folder = try TemporaryFolder()
    let sources = folder.file("Sources/Client")
    try FileManager.default.createDirectory(atPath: sources, withIntermediateDirectories: true)
    _ = try folder.write(
      """
      // swift-tools-version: 6.0
      import PackageDescription

      let package = Package(
        name: "client",
        dependencies: [.package(name: "retort", path: "\(Repository.root)")],
        targets: [
          .executableTarget(
            name: "Client", dependencies: [.product(name: "Retort", package: "retort")])
        ])

      """, to: "Package.swift")
    _ = try folder.write(
      try Repository.text("Tests/RetortAPITests/Example.swift"), to: "Sources/Client/Example.swift")
    _ = try folder.write(
      """
      import RetortAPI

      let images = try Tensor([Float](repeating: 0.5, count: 3 * 32 * 32), shape: [1, 3, 32, 32])
      print(try purify(images, graphs: CommandLine.arguments[1]).purified)

      """, to: "Sources/Client/main.swift")
    let environment = ["RETORT_CPU": processor]
    _ = try run(["build", "--package-path", folder.path], environment: environment)
    if processor == "portable" { return }
    let output = try run(
      ["run", "--package-path", folder.path, "Client", Repository.root + "/graphs"],
      environment: environment)
    #expect(output == "f32[1, 3, 32, 32]\n")
  }

  /// What `swift` prints; it must succeed.
  private func run(_ words: [String], environment: [String: String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["swift"] + words
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(
      decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "swift \(words.joined(separator: " ")): \(output)")
    return output
  }
}
