import RetortTestSupport
import Testing

/// Rules of the source text: who imports whom, how long files are, words that stand for gaps.
@Suite struct SourceTests {
  /// Modules by level; one imports what lies lower.
  static let levels: [[String]] = [
    ["RetortText", "RetortTensor", "COpenBLAS", "CRetort"], ["RetortIR", "RetortKernels"],
    ["RetortOps"],
    ["RetortSyntax", "RetortPasses", "RetortRuntime", "RetortFormats"], ["RetortOnnx"],
    ["RetortDriver"], ["RetortDefence", "RetortAPI"], ["RetortC", "retort"],
  ]
  /// Of the toolchain, wherever it is wanted.
  static let everywhere: Set<String> = ["Glibc", "Synchronization", "Testing"]
  /// Modules that may use Foundation: readers of files and what stands above them.
  static let withFoundation: Set<String> = [
    "RetortFormats", "RetortOnnx", "RetortDriver", "RetortDefence", "RetortAPI", "RetortC",
    "retort",
  ]

  static let sources = Repository.files(in: "Sources", suffix: ".swift")
  static let tests = Repository.files(in: "Tests", suffix: ".swift")

  static func level(_ module: String) -> Int? {
    levels.firstIndex { $0.contains(module) }
  }

  static func lines(_ file: String) throws -> [Substring] {
    try Repository.text(file).split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// The modules a file imports, whatever stands before `import`.
  static func imports(_ file: String) throws -> [String] {
    try lines(file).compactMap { line in
      let words = line.split(separator: " ")
      guard let at = words.firstIndex(of: "import"), at + 1 < words.count,
        words[..<at].allSatisfy({ $0.hasPrefix("@") || ["public", "package"].contains($0) })
      else { return nil }
      let module =
        words[at + 1] == "struct" || words[at + 1] == "func" ? words[at + 2] : words[at + 1]
      return String(module.prefix { $0 != "." })
    }
  }

  @Test func sourcesAreThere() {
    #expect(Self.sources.count > 200)
    #expect(Self.tests.count > 50)
  }

  @Test func importsPointDownwards() throws {
    for file in Self.sources {
      let module = String(file.split(separator: "/")[1])
      let level = try #require(Self.level(module), "\(module) has no level")
      for imported in try Self.imports(file) where !Self.everywhere.contains(imported) {
        if ["Foundation", "Dispatch"].contains(imported) {
          #expect(Self.withFoundation.contains(module), "\(file) imports \(imported)")
        } else if let other = Self.level(imported) {
          #expect(other < level, "\(file) imports \(imported)")
        } else {
          Issue.record("\(file) imports \(imported), which has no level")
        }
      }
    }
  }

  @Test func filesHaveAtMost400Lines() throws {
    for file in Self.sources + Self.tests {
      let count = try Self.lines(file).count
      #expect(count <= 401, "\(file) has \(count - 1) lines")
    }
  }

  @Test func nothingIsLeftForLater() throws {
    let words = ["TODO", "FIXME", "XXX", "fatal" + "Error(", "not " + "implemented"]
    for file in Self.sources {
      let text = try Repository.text(file)
      for word in words where text.contains(word) { Issue.record("\(file) says \(word)") }
    }
  }

  @Test func testsAreNotSwitchedOff() throws {
    for file in Self.tests {
      let text = try Repository.text(file)
      #expect(!text.contains("." + "disabled("), "\(file)")
    }
  }
}
