import RetortDriver
import RetortIR
import RetortOps
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

/// Weights that only preparation reads, and the memory that it computes in.
@Suite struct WeightReleaseTests {
  /// A kernel that is packed, and a bias that each run reads.
  private static let graph: Graph = {
    var b = GraphBuilder(name: "net")
    let x = b.input("x", TensorType([1, 8, 6, 6]))
    let w = b.input("w", TensorType([8, 8, 3, 3]), role: .parameter(nil))
    let bias = b.input("bias", TensorType([1, 8, 6, 6]), role: .parameter(nil))
    let y = b.conv2d(b.add(x, bias), b.exp(b.neg(w)), padding: [1])
    return b.finish(outputs: [GraphOutput(value: y, name: "y", role: .result)])
  }()

  @Test func resultsAreTheSameAndOnlyWhatRunsReadIsLeft() throws {
    let weights = Self.graph.randomWeights(seed: 1)
    let inputs = ["x": HostTensor.acceptance([1, 8, 6, 6], as: .f32)]
    let kept = try Self.graph.compiled(weights: weights)
    let released = try Self.graph.compiled(weights: weights)
    released.program.releasesWeights = true
    let expected = try kept.run(inputs)
    for _ in 0..<2 { #expect(try released.run(inputs) == expected) }
    #expect(kept.program.weights.keys.sorted() == ["bias", "w"])
    #expect(released.program.weights.keys.sorted() == ["bias"])
    #expect(released.program.weightTensors().map(\.name) == ["bias"])
    released.program.prepare()
    #expect(try released.run(inputs) == expected)
  }

  @Test func releasedWeightsMustBeBoundAgain() throws {
    let weights = Self.graph.randomWeights(seed: 1)
    let other = Self.graph.randomWeights(seed: 2)
    let inputs = ["x": HostTensor.acceptance([1, 8, 6, 6], as: .f32)]
    let program = try Self.graph.compiled(weights: weights)
    program.program.releasesWeights = true
    _ = try program.run(inputs)
    let error = #expect(throws: Diagnostics.self) {
      try program.program.bind(weights: ["bias": other["bias"]!])
    }
    #expect(
      error?.list.first?.message == "parameter 'w' (f32[8, 8, 3, 3]) of 'net' is not given")
    try program.program.bind(weights: other)
    #expect(try program.run(inputs) == Self.graph.compiled(weights: other).run(inputs))
  }

  @Test func preparationTakesNothingOfTheArena() throws {
    let planned = try Pipeline.run(Self.graph, through: .planned).graph
    let plan = try MemoryPlan(of: planned)
    #expect(plan.preparationByteCount > 0)
    let prepared = Set(
      planned.body.nodes.filter { $0.op is Prepare }
        .flatMap { $0.regions[0].nodes.flatMap(\.results) })
    #expect(plan.entries.allSatisfy { !prepared.contains($0.value) })
    #expect(plan.arenaByteCount == MemoryPlanner.plan(planned).1.arenaByteCount)
    #expect(try MemoryReport(planned).text.contains("\npreparation \(plan.preparationByteCount) "))
  }
}
