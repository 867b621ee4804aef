import RetortIR
import RetortOps
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

/// Pipelines with passes left out, and the programs that they make.
@Suite struct DisabledPassTests {
  private static let dispensable: [String] = {
    let names = Pipeline.standard.passes.filter { type(of: $0).necessity == nil }.map(\.name)
    return Set(names).sorted()
  }()

  /// A loop with a gradient, weights to prepare, something for every simplification, and nodes that
  /// nobody reads.
  private static let graph = GraphBuilder.graph { b in
    let x = b.input("x", TensorType([3, 4]))
    let w = b.input("w", TensorType([4, 4]), role: .parameter(nil))
    return [
      b.loop(2, x) { b, _, r in
        let folded = b.exp(b.mul(w, b.fill(0.1, [4, 4])))
        _ = b.exp(b.neg(r))
        let loss = b.sum(b.square(b.tanh(b.matmul(b.mul(r, b.fill(1, [3, 4])), folded))))
        return b.sub(r, b.mul(b.gradient(loss, r)[0], b.fill(0.05, [3, 4])))
      }
    ]
  }

  private static func planned(_ disabled: Set<String>) throws -> PipelineResult {
    let options = PipelineOptions(verifiesPasses: true, disabled: disabled)
    return try Pipeline.run(graph, through: .planned, options: options)
  }

  private static func expectMeaning(_ disabled: Set<String>) throws {
    let inputs = graph.randomInputs(seed: 5, in: -1...1)
    let expected = try Pipeline.run(graph, through: .differentiated).graph.run(inputs)
    let result = try planned(disabled)
    #expect(result.records.allSatisfy { !disabled.contains($0.name) })
    for (actual, wanted) in zip(result.graph.run(inputs), expected) {
      #expect(relativeError(actual, wanted) < 1e-5, "without \(disabled.sorted())")
    }
    let program = try Program(
      result.graph, options: ProgramOptions(pool: ThreadPool(threadCount: 1)))
    let named = Dictionary(uniqueKeysWithValues: zip(graph.inputs.map(\.name), inputs))
    try program.bind(weights: named)
    let found = try program.run(inputs: named)
    for (output, wanted) in zip(graph.outputs, expected) {
      #expect(
        relativeError(found[output.name]!, wanted) < 1e-3, "program without \(disabled.sorted())")
    }
  }

  @Test(arguments: dispensable) func aPassLeftOutChangesNoMeaning(_ name: String) throws {
    #expect(Pipeline.complaint(disabling: name) == nil)
    try Self.expectMeaning([name])
  }

  @Test func allDispensablePassesLeftOutChangeNoMeaning() throws {
    try Self.expectMeaning(Set(Self.dispensable))
  }

  @Test func aPassLeftOutDoesNothing() throws {
    #expect(try Self.planned([]).graph.count(of: Fused.self) > 0)
    #expect(try Self.planned(["fuse-elementwise"]).graph.count(of: Fused.self) == 0)
    #expect(try Self.planned(["prepare-weights"]).graph.count(of: Prepare.self) == 0)
  }

  @Test(arguments: ["differentiate", "remove-detach", "plan-memory"])
  func neededPassesAreRefusedWithASentence(_ name: String) throws {
    let sentence = try #require(Pipeline.complaint(disabling: name))
    #expect(sentence.hasPrefix("the pass '\(name)' cannot be left out: "))
    #expect(throws: Diagnostics.self) { try Self.planned([name]) }
  }

  @Test func anUnknownPassIsToldTheNearestAndAll() throws {
    let sentence = try #require(Pipeline.complaint(disabling: "fuse-elementwize"))
    #expect(sentence.hasPrefix("there is no pass 'fuse-elementwize', did you mean"))
    #expect(sentence.contains("'fuse-elementwise'?"))
    for name in Self.dispensable { #expect(sentence.contains(name)) }
    #expect(!sentence.contains("plan-memory"))
  }
}
