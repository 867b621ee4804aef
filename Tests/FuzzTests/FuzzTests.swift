import RetortFuzzing
import RetortTestSupport
import Testing

/// Valid files of every format, damaged: each is read or refused with a sentence, never a trap, never
/// a hang. `retort-fuzz` does the same for hours.
@Suite struct FuzzTests {
  @Test(arguments: FuzzReader.all) func damagedFilesAreReadOrRefused(_ reader: FuzzReader) throws {
    let cases = try FuzzCases(reader, seed: 0)
    for file in cases.validFiles { #expect(cases.outcome(of: file) == .read) }
    let count = Repository.runsLongTests ? 20_000 : 200
    var refused = 0
    for number in 0..<count {
      switch cases.outcome(of: try cases.file(number)) {
      case .read: break
      case .refused: refused += 1
      case .mistaken(let what): Issue.record("file \(number) of seed 0: \(what)")
      }
    }
    #expect(Double(refused) > reader.leastRefused * Double(count))
  }

  /// Every proper beginning of a file that knows its own length is refused.
  @Test(arguments: FuzzReader.all.filter(\.tellsItsLength))
  func cutFilesAreRefused(_ reader: FuzzReader) throws {
    let cases = try FuzzCases(reader, seed: 0)
    let file = try #require(cases.validFiles.first)
    for length in 0..<file.count {
      #expect(cases.outcome(of: Array(file[..<length])) == .refused, "\(length)")
    }
  }

  /// Files that broke a reader once.
  @Test(arguments: FuzzReader.all) func foundFilesAreReadOrRefused(_ reader: FuzzReader) throws {
    let cases = try FuzzCases(reader, seed: 0)
    for path in Repository.files(in: "Tests/FuzzTests/Found", suffix: ".\(reader.name)") {
      let bytes = try Repository.bytes(path)
      switch cases.outcome(of: bytes) {
      case .read, .refused: break
      case .mistaken(let what): Issue.record("\(path): \(what)")
      }
    }
  }
}
