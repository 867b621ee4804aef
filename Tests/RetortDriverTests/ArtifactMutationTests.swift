import RetortDriver
import RetortFormats
import RetortRuntime
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

/// Plans that were altered and signed again: either they are refused, or they run. They never trap.
@Suite struct ArtifactMutationTests {
  static let roundCount = Repository.runsLongTests ? 4000 : 300

  /// What loading and running gave: results, or the diagnostics' text.
  static func outcome(_ path: String) throws -> String {
    do {
      let executable = try Request(path: path, library: Repository.library).executable().executable
      var inputs: [String: HostTensor] = [:]
      for input in executable.graph.inputs where input.role == .input {
        inputs[input.name] = HostTensor(zeros: executable.graph.type(of: input.value))
      }
      _ = try executable.run(inputs)
      return "ran"
    } catch let error as Diagnostics {
      return error.description
    }
  }

  @Test func alteredBytes() throws {
    let bench = try ArtifactTests.Workbench(ArtifactTests.thin)
    let bytes = try bench.bytes()
    var generator = SeededGenerator(seed: 21)
    var refused = 0
    for _ in 0..<Self.roundCount {
      var altered = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: 24..<altered.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: altered[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: altered[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: altered.remove(at: index)
        default: altered.insert(altered[index], at: index)
        }
      }
      let path = try bench.folder.write(Self.signed(altered), to: "altered.retort")
      if try Self.outcome(path) != "ran" { refused += 1 }
    }
    #expect(refused > 0)
  }

  /// Numbers of the plan's text replaced: offsets, extents, attributes.
  @Test func alteredNumbersOfTheGraph() throws {
    let bench = try ArtifactTests.Workbench(ArtifactTests.thin)
    let original = try PlanFile(bench.plan, processor: Processor.fingerprint).artifact
    let text = Array(original.graphText.utf8)
    let digits = text.indices.filter { (48...57).contains(text[$0]) }
    var generator = SeededGenerator(seed: 22)
    var refused = 0
    for _ in 0..<Self.roundCount {
      var altered = text
      let index = digits.randomElement(using: &generator)!
      if Bool.random(using: &generator) {
        altered[index] = UInt8.random(in: 48...57, using: &generator)
      } else {
        altered.insert(UInt8.random(in: 48...57, using: &generator), at: index)
      }
      var artifact = original
      artifact.graphText = String(decoding: altered, as: UTF8.self)
      let path = bench.folder.file("numbers.retort")
      try artifact.write(to: path)
      if try Self.outcome(path) != "ran" { refused += 1 }
    }
    #expect(refused > 0)
  }

  /// The file's length and the checksum of its head put right.
  static func signed(_ bytes: [UInt8]) -> [UInt8] {
    func little(_ value: UInt64) -> [UInt8] {
      (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let headByteCount = bytes[24..<32].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let end = Int(min(max(headByteCount, 40), UInt64(bytes.count)))
    let head = bytes[24..<32] + little(UInt64(bytes.count)) + bytes[40..<end]
    return bytes[..<16] + little(ContentHash.hash(Array(head))) + head + bytes[end...]
  }
}
