import Foundation
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// What a dump prints is read back as the same graph, and computes the same.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineStageTests {
  /// Everything a stage can leave behind: convolution, batch norm, a loop, a gradient, keys.
  private static let network = """
    import "blocks/convolution.graph"
    import "blocks/linear.graph"

    graph network(
      x: f32[n, 3, 32, 32], key: key[n], steps: Int = 2
    ) -> (r: f32[n, 3, 32, 32], s: f32[n]) {
      start = uniform(key, shape: [n, 3, 32, 32], low: -0.1, high: 0.1)
      r = repeat i in 0..<steps with r = start {
        g = gradient(sum(energy(x + r)), r)
        yield min(max(r - 0.05 * sign(g), -0.2), 0.2)
      }
      return r, energy(x + r)
    }

    graph energy(x: f32[n, 3, 32, 32]) -> f32[n] {
      h = relu(convolution(x, channels: 4) as "conv")
      y = linear(mean(h, axes: [2, 3]), features: 5) as "fc"
      return sum(y * y, axes: [1])
    }
    """
  private static let stages = [
    "elaborated", "differentiated", "simplified", "hoisted", "batched", "lowered", "fused",
    "planned",
  ]

  private let space: TemporaryFolder
  private let library = ["--graphs", Repository.library.folder]
  private let definition: String
  private let weights: String
  private let images: String

  init() throws {
    space = try TemporaryFolder()
    definition = try space.write(Self.network, to: "network.graph")
    func numbers(_ shape: Shape) -> HostTensor {
      HostTensor(shape, (0..<shape.elementCount).map { Float(($0 * 37) % 101) / 101 - 0.5 })
    }
    weights = try space.write(
      [
        ("conv.weight", numbers([4, 3, 3, 3])), ("fc.weight", numbers([5, 4])),
        ("fc.bias", numbers([5])),
      ], to: "weights.npz")
    images = try space.write(
      [("x", HostTensor([2, 3, 32, 32], (0..<6144).map { Float($0 % 97) / 97 }))], to: "x.npy")
  }

  private func run(_ graph: String, to name: String, _ words: String...) throws -> [UInt8] {
    let outcome = try CommandLineProgram.run(
      [
        "run", graph, "--weights", weights, "--input", "x=\(images)", "--seed", "3", "--output",
        "r=\(space.file(name))",
      ] + library + words, in: space.path)
    try #require(outcome.code == 0, "\(outcome.error)")
    return try space.bytes(name)
  }

  @Test(arguments: stages)
  func aDumpReadsBackAsItself(_ stage: String) throws {
    let words = ["--stage", stage] + library
    let first = space.file("first.graph")
    let dumped = try CommandLineProgram.run(
      ["dump", definition, "--set", "n=2", "-o", first] + words)
    try #require(dumped.code == 0, "\(dumped.error)")
    // Reading back elaborates only: what a stage made is no work for the stages before it.
    let again = try CommandLineProgram.run(["dump", first, "--stage", "elaborated"] + library)
    #expect(again.code == 0, "\(again.error)")
    #expect(again.output == String(decoding: try space.bytes("first.graph"), as: UTF8.self))
    #expect(again.error.isEmpty)
  }

  @Test(arguments: ["elaborated", "simplified", "planned"])
  func aDumpComputesWhatItsDefinitionComputes(_ stage: String) throws {
    let dumped = try CommandLineProgram.run(
      ["dump", definition, "--set", "n=2", "--stage", stage, "-o", space.file("dump.graph")]
        + library)
    try #require(dumped.code == 0, "\(dumped.error)")
    let direct = try run(definition, to: "direct.npy")
    let through = try run(space.file("dump.graph"), to: "through.npy")
    #expect(direct == through)
  }

  @Test func threadsDoNotMatter() throws {
    let one = try run(definition, to: "one.npy", "--threads", "1")
    #expect(try run(definition, to: "two.npy", "--threads", "2") == one)
    #expect(try run(definition, to: "five.npy", "--threads", "5") == one)
  }

  @Test func theSeedMatters() throws {
    let three = try run(definition, to: "three.npy")
    let outcome = try CommandLineProgram.run(
      [
        "run", definition, "--weights", weights, "--input", "x=\(images)", "--output",
        "r=\(space.file("zero.npy"))",
      ] + library)
    #expect(outcome.code == 0)
    #expect(try space.bytes("zero.npy") != three)
  }

  @Test func otherFormatsAreOfferedToo() throws {
    let json = try CommandLineProgram.run(
      ["dump", definition, "--stage", "simplified", "--format", "json"] + library)
    #expect(json.code == 0)
    #expect(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) is [String: Any])
    let dot = try CommandLineProgram.run(
      ["dump", definition, "--stage", "simplified", "--format", "dot"] + library)
    #expect(dot.output.hasPrefix("digraph"))
    #expect(dot.output.hasSuffix("}\n"))
    let memory = try CommandLineProgram.run(["dump", definition, "--memory"] + library)
    #expect(memory.code == 0)
    #expect(memory.output.contains("arena"), "\(memory.output)")
    let drawing = try CommandLineProgram.run(
      ["dump", definition, "--memory", "--format", "svg"] + library)
    #expect(drawing.output.hasPrefix("<svg ") && drawing.output.hasSuffix("</svg>\n"))
    for words in [["--memory", "--format", "dot"], ["--format", "svg"]] {
      let refused = try CommandLineProgram.run(["dump", definition] + words + library)
      #expect(refused.code == 64)
      #expect(refused.error.contains("--memory"))
    }
    // The batch was not given.
    #expect(memory.error.contains("note: "))
  }

  @Test func aProfileIsATraceAndATable() throws {
    let trace = space.file("trace.json")
    let outcome = try CommandLineProgram.run(
      [
        "run", definition, "--weights", weights, "--input", "x=\(images)", "--output",
        "r=\(space.file("r.npy"))", "--profile", trace,
      ] + library)
    try #require(outcome.code == 0, "\(outcome.error)")
    #expect(outcome.output.contains("\nconv "))
    #expect(outcome.output.contains("\ntotal "))
    #expect(outcome.output.contains("their measured peak is "))
    #expect(outcome.output.contains("\narena "))
    let json = try JSONSerialization.jsonObject(with: Data(try space.bytes("trace.json")))
    let events = try #require((json as? [String: Any])?["traceEvents"] as? [[String: Any]])
    #expect(events.contains { ($0["name"] as? String)?.hasPrefix("conv ") == true })
    #expect(events.allSatisfy { $0["dur"] is Double })
  }

  @Test func theOptimisedProgramIsCloseToTheReference() throws {
    let words = ["verify", definition, "--set", "n=2", "--set", "steps=1", "--weights", weights]
    let outcome = try CommandLineProgram.run(words + library)
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.error)")
    #expect(outcome.output.contains("ok"))
    let strict = try CommandLineProgram.run(words + library + ["--tolerance", "1e-30"])
    #expect(strict.code == 1)
    #expect(strict.output.contains("past tolerance"))
  }

  @Test func whatIsNotGivenHasItsDefault() throws {
    let scaled = try space.write(
      "graph scaled(x: f32[n], by: f32[] = 0.5) -> (y: f32[n]) { return x * by }",
      to: "scaled.graph")
    let x = try space.write([("x", HostTensor([2], [6, 8] as [Float]))], to: "x.npy")
    let two = try space.write([("by", HostTensor(Float(2)))], to: "two.npy")
    let run = ["run", scaled, "--input", "x=\(x)"] + library
    let halved = try CommandLineProgram.run(run)
    #expect(halved.code == 0, "\(halved.error)")
    #expect(halved.output.hasSuffix("[3 4]\n"), "\(halved.output)")
    let doubled = try CommandLineProgram.run(run + ["--input", "by=\(two)"])
    #expect(doubled.output.hasSuffix("[12 16]\n"), "\(doubled.output)")
    #expect(try CommandLineProgram.run(run + ["--check-finite"]).code == 0)
  }

  @Test func updatedWeightsAreComparedToo() throws {
    let step = try space.write(SmallGraphs.training, to: "step.graph")
    let outcome = try CommandLineProgram.run(
      ["verify", step, "--set", "n=4", "--set", "h=8", "--set", "w=8"] + library)
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.error)")
    #expect(outcome.output.contains("\nhead.weight (updated) "))
    #expect(outcome.output.contains("\nhead.bias (updated) "))
  }
}
