import RetortIR
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import Testing

/// Planned graphs as programs in one arena: what the plan lets share memory must not be missed.
@Suite struct PlannedProgramTests {
  private static func expectSame(
    _ graph: Graph, _ backend: Backend, within tolerance: Double, seed: Int
  ) throws {
    let pool = ThreadPool(threadCount: 2)
    let program = try Program(
      graph, options: ProgramOptions(backend: backend, pool: pool, isChecked: true))
    let inputs = graph.randomInputs(seed: UInt64(seed), in: -1...1)
    let named = Dictionary(uniqueKeysWithValues: zip(graph.inputs.map(\.name), inputs))
    try program.bind(weights: named)
    try program.load(named)
    try program.runChecked()
    let first = program.results
    for (output, expected) in zip(graph.outputs, graph.run(inputs)) {
      let error = relativeError(first[output.name]!, expected)
      #expect(error <= tolerance, "seed \(seed), \(output.name) on \(backend)")
    }
    // A second run finds everything as it must be.
    #expect(try program.run(inputs: named) == first)
  }

  @Test(arguments: 0..<12) func programsComputeWhatTheirGraphsMean(seed: Int) throws {
    let graph = RandomGraph.make(seed: UInt64(seed), nodeCount: 40)
    let planned = try Pipeline.run(graph, through: .planned).graph
    try Self.expectSame(planned, .reference, within: 0, seed: seed)
    try Self.expectSame(planned, .auto, within: 1e-3, seed: seed)
  }
}
