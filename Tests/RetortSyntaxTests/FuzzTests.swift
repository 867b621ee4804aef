import Foundation
import RetortIR
import RetortOps
import RetortSyntax
import RetortTestSupport
import RetortText
import Testing

/// Every file of `graphs/` and the embedded samples with one token deleted, doubled, swapped with
/// the next or everything behind it cut: a graph, or a diagnostic whose ranges lie in its file.
@Suite struct FuzzTests {
  enum Change: CaseIterable { case delete, double, swap, cut }

  struct Subject: Sendable, CustomTestStringConvertible {
    let path: String
    let bytes: [UInt8]
    var testDescription: String { path }
  }

  static let isLong = ProcessInfo.processInfo.environment["RETORT_LONG_TESTS"] == "1"
  static let library = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../graphs").standardizedFileURL.path

  static let subjects: [Subject] =
    subjects("sample", EmbeddedSamples.all) + subjects("dump", RoundTripTests.dumps) + libraryFiles

  private static func subjects(_ name: String, _ texts: [String]) -> [Subject] {
    texts.enumerated().map { Subject(path: "\(name)\($0).graph", bytes: Array($1.utf8)) }
  }

  private static var libraryFiles: [Subject] {
    let names = FileManager.default.enumerator(atPath: library)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".graph") }.sorted().compactMap { name in
      let path = library + "/" + name
      let contents = FileManager.default.contents(atPath: path)
      return contents.map { Subject(path: path, bytes: Array($0)) }
    }
  }

  private static var limits: Limits {
    var limits = Limits()
    limits.steps = 200_000
    limits.values = 50_000
    return limits
  }

  @Test(arguments: subjects)
  func aChangedTokenGivesAGraphOrADiagnostic(_ subject: Subject) throws {
    let file = SourceFile(path: subject.path, bytes: subject.bytes)
    let tokens = Lexer.read(file).tokens
    var generator = SeededGenerator(seed: UInt64(subject.bytes.count))
    let all = tokens.indices.flatMap { index in Change.allCases.map { (index, $0) } }
    let tried = Self.isLong ? all : (0..<10).map { _ in all.randomElement(using: &generator)! }
    for (index, change) in tried {
      try Self.survives(Self.changed(subject, tokens, index, change), subject.path)
    }
  }

  private static func changed(
    _ subject: Subject, _ tokens: [Token], _ index: Int, _ change: Change
  ) -> [UInt8] {
    let bytes = subject.bytes
    let token = tokens[index].offsets
    let word = Array(bytes[token])
    switch change {
    case .delete: return Array(bytes[..<token.lowerBound]) + bytes[token.upperBound...]
    case .double:
      return Array(bytes[..<token.upperBound]) + [UInt8(ascii: " ")] + bytes[token.lowerBound...]
    case .cut: return Array(bytes[..<token.lowerBound])
    case .swap:
      let next = tokens[min(index + 1, tokens.count - 1)].offsets
      return Array(bytes[..<token.lowerBound]) + bytes[next] + [UInt8(ascii: " ")] + word
        + bytes[max(token.upperBound, next.upperBound)...]
    }
  }

  private static func survives(_ bytes: [UInt8], _ path: String) throws {
    do throws(Diagnostics) {
      let definition = try Frontend.load(path, library: ["lib", library]) { asked in
        if asked == path { return SourceFile(path: path, bytes: bytes) }
        if let text = EmbeddedSamples.files[asked] { return SourceFile(path: asked, text: text) }
        return FileManager.default.contents(atPath: asked)
          .map { SourceFile(path: asked, bytes: Array($0)) }
      }
      let graph = try definition.elaborate(catalog: .standard, limits: limits).graph
      #expect(throws: Never.self) { try Verifier().verify(graph) }
    } catch {
      #expect(error.hasErrors)
      #expect(!error.description.isEmpty)
      for diagnostic in error.list {
        for range in ([diagnostic] + diagnostic.notes).compactMap(\.range) {
          #expect(range.offsets.lowerBound >= 0)
          #expect(range.offsets.upperBound <= range.file.bytes.count)
        }
      }
    }
  }
}
