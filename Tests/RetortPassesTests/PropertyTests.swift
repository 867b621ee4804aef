import Glibc
import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import Synchronization
import Testing

/// Seeded random graphs through the whole pipeline.
@Suite struct PropertyTests {
  /// `RETORT_LONG_TESTS=1` runs more of them.
  private static let seeds = 0..<(getenv("RETORT_LONG_TESTS") == nil ? 16 : 300)

  private final class Snapshots: Sendable {
    let list = Mutex<[(pass: String, graph: Graph)]>([])
  }

  /// The graphs after every pass, each verified, the differentiated one first.
  private static func snapshots(
    _ graph: Graph, from stage: Stage = .differentiated
  ) throws -> [(pass: String, graph: Graph)] {
    let snapshots = Snapshots()
    let options = PipelineOptions(verifiesPasses: true) { pass, graph in
      snapshots.list.withLock { $0.append((pass, graph)) }
    }
    _ = try Pipeline.run(graph, through: .planned, options: options)
    return snapshots.list.withLock { $0 }
  }

  @Test(arguments: seeds) func passesKeepMeaningInDouble(seed: Int) throws {
    let graph = try Widen().run(RandomGraph.make(seed: UInt64(seed)))
    let steps = try Self.snapshots(graph)
    let inputs = graph.randomInputs(seed: UInt64(seed), in: -1...1)
    let expected = steps[0].graph.run(inputs)
    var last = steps[0].graph.printed
    for (pass, step) in steps.dropFirst() {
      let text = step.printed
      if text == last { continue }
      last = text
      for (result, original) in zip(step.run(inputs), expected) {
        #expect(relativeError(result, original) < 1e-11, "seed \(seed), \(pass)")
      }
    }
  }

  /// Only narrow graphs are fused.
  @Test(arguments: seeds) func fusedAndPlannedGraphsMeanTheSame(seed: Int) throws {
    let graph = RandomGraph.make(seed: UInt64(seed), nodeCount: 40)
    let lowered = try Pipeline.run(graph, through: .lowered).graph
    let fused = try FuseElementwise().run(lowered)
    try Verifier(phase: [.fused, .prepare]).verify(fused)
    let (planned, plan) = MemoryPlanner.plan(fused)
    try MemoryPlan.checkDisjoint(planned)
    #expect(plan.arenaByteCount >= plan.lowerBound)
    let inputs = graph.randomInputs(seed: UInt64(seed), in: -1...1)
    // Fusion changes the order of nodes, no number.
    #expect(planned.run(inputs) == lowered.run(inputs), "seed \(seed)")
  }

  @Test(arguments: seeds) func twoRunsPrintTheSameBytes(seed: Int) throws {
    let graph = RandomGraph.make(seed: UInt64(seed))
    let first = try Pipeline.run(graph, through: .planned).graph.printed
    let second = try Pipeline.run(graph, through: .planned).graph.printed
    #expect(first == second)
  }

  @Test(arguments: seeds) func compilingADumpAgainChangesNothing(seed: Int) throws {
    let graph = RandomGraph.make(seed: UInt64(seed))
    let simple = try Pipeline.run(graph, through: .simplified).graph
    #expect(try Pipeline.run(simple, through: .simplified).graph.printed == simple.printed)
    let planned = try Pipeline.run(graph, through: .planned).graph
    let again = try Pipeline.run(planned, through: .planned).graph
    let inputs = graph.randomInputs(seed: UInt64(seed), in: -1...1)
    for (x, y) in zip(again.run(inputs), planned.run(inputs)) {
      #expect(relativeError(x, y) < 1e-4)
    }
  }

  /// Merging changes no bit.
  @Test(arguments: seeds) func mergedViewsMeanTheSame(seed: Int) throws {
    let graph = RandomViews.make(seed: UInt64(seed))
    let hoisted = try Pipeline.run(graph, through: .hoisted).graph
    let merged = try MergeSiblingsTests.merged(hoisted, seed: UInt64(seed))
    #expect(Self.contractionCount(merged) <= Self.contractionCount(hoisted), "seed \(seed)")
    let again = try MergeSiblings().run(hoisted)
    #expect(try RemoveDeadNodes().run(again).printed == merged.printed)
  }

  private static func contractionCount(_ graph: Graph) -> Int {
    graph.count(of: Conv2d.self) + graph.count(of: Conv2dTranspose.self)
      + graph.count(of: MatMul.self)
  }
}
