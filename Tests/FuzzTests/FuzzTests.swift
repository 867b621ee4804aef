import RetortFuzzing
import RetortTestSupport
import Testing

/// Valid files of every format, damaged: each is read or refused with a sentence, never a trap,
/// never a hang. `retort-fuzz` does the same for hours.
@Suite(.timeLimit(.minutes(60))) struct FuzzTests {
  @Test(arguments: FuzzReader.all) func damagedFilesAreReadOrRefused(_ reader: FuzzReader) throws {
    let cases = try FuzzCases(reader, seed: 0)
    for file in cases.validFiles { #expect(cases.outcome(of: file) == .read) }
    #expect(cases.files.count >= cases.validFiles.count + reader.leastFound)
    let count = Repository.runsLongTests ? 20_000 : 200
    var counts = (read: 0, refused: 0)
    for number in 0..<count {
      switch cases.outcome(of: cases.file(number)) {
      case .read: counts.read += 1
      case .refused: counts.refused += 1
      case .mistaken(let what): Issue.record("file \(number) of seed 0: \(what)")
      }
    }
    // Damage that is never noticed, or never gets past the door, tries nothing.
    #expect(counts.refused > count / 20 && counts.read > count / 50, "\(counts)")
  }

  /// Every proper beginning of a file that knows its own length is refused.
  @Test(arguments: FuzzReader.all.filter(\.tellsItsLength))
  func cutFilesAreRefused(_ reader: FuzzReader) throws {
    let cases = try FuzzCases(reader, seed: 0)
    for file in cases.validFiles where file.count < 1 << 15 {
      for length in stride(from: 0, to: file.count, by: file.count < 4096 ? 1 : 13) {
        #expect(cases.outcome(of: Array(file[..<length])) == .refused, "\(length)")
      }
    }
  }

  /// Where nothing is changed behind the checksums, files are as good as they were.
  @Test func sealedFilesAreRead() throws {
    let nothing: Seals.Change = { bytes, _, _ in bytes }
    let sealed: [(String, FuzzReader.Damage)] = [
      ("png", Seals.png(nothing)), ("npz", Seals.archive(nothing)),
      ("plan", Seals.plan(nothing)), ("plan", Seals.planText(nothing)),
    ]
    for (name, damage) in sealed {
      let reader = try #require(FuzzReader.all.first { $0.name == name })
      let cases = try FuzzCases(reader, seed: 0)
      var generator = SeededGenerator(seed: 1)
      for file in cases.validFiles {
        for _ in 0..<8 {
          let same = try damage(file, file, &generator)
          #expect(cases.outcome(of: same) == .read, "\(name)")
        }
      }
    }
  }

  /// Files that broke a reader once: `Found/NAME.READER`.
  @Test func foundFilesAreReadOrRefused() throws {
    var count = 0
    for reader in FuzzReader.all {
      let paths = Repository.files(in: "Tests/FuzzTests/Found", suffix: ".\(reader.name)")
      if paths.isEmpty { continue }
      let cases = try FuzzCases(reader, seed: 0)
      for path in paths {
        count += 1
        if case .mistaken(let what) = cases.outcome(of: try Repository.bytes(path)) {
          Issue.record("\(path): \(what)")
        }
      }
    }
    #expect(count >= 3)
  }
}
