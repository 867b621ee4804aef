import RetortIR
import RetortOps
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import Testing

/// Graphs as the pipeline makes them: differentiated, fused and planned with reuse.
@Test(arguments: Backend.allCases)
func plannedGraphsMeanWhatTheyMeantBefore(_ backend: Backend) throws {
  for graph in [NetworkGraphs.purifier, NetworkGraphs.training, LoopGraphs.nested] {
    let differentiated = try Pipeline.run(graph, through: .differentiated).graph
    let planned = try Pipeline.run(graph, through: .planned).graph
    let inputs = Fixture.inputs(graph)
    let expected = try Interpreter().run(differentiated, inputs: inputs)
    var first: [String: HostTensor]?
    for threads in [1, 3] {
      let program = try Program(planned: planned, backend, threads: threads, isChecked: true)
      let found = try program.run(all: inputs)
      for (name, tensor) in expected.outputs {
        #expect(Fixture.error(found[name]!, tensor) < 1e-9, "\(graph.name), \(name), \(backend)")
      }
      for (name, tensor) in expected.updates {
        #expect(Fixture.error(program.weights[name]!, tensor) < 1e-9, "\(name), \(backend)")
      }
      #expect(found == first ?? found, "\(graph.name) depends on \(threads) threads")
      first = found
      try program.bind(weights: inputs)
      try program.runChecked()
      #expect(program.results == found, "\(graph.name) differs in a checked run, \(backend)")
    }
  }
}

/// Also where a simplification leaves nothing but the weight of a result, and where weights change
/// places.
@Test(arguments: Backend.allCases)
func resultsThatAreUpdatedWeightsHaveTheOldValues(_ backend: Backend) throws {
  let graph = try TestDefinition(
    text: """
      graph f(x: f32[2]) -> (
        before: f32[2], same: f32[2], cut: f32[2], twice: f32[2], left: f32[2], right: f32[2]
      ) {
        buffer steps: f32[2] init fill(0)
        buffer a: f32[2] init fill(0)
        buffer b: f32[2] init fill(0)
        update steps = steps + 1
        update a = b
        update b = a
        return steps, steps * 1, detach(steps), steps * 2 + 0 * x, a, b
      }
      """
  ).graph()
  let differentiated = try Pipeline.run(graph, through: .differentiated).graph
  let program = try Program(
    planned: try Pipeline.run(graph, through: .planned).graph, backend, isChecked: true)
  var inputs = Fixture.inputs(graph)
  try program.bind(weights: inputs)
  for _ in 0..<2 {
    let expected = try Interpreter().run(differentiated, inputs: inputs)
    #expect(try program.run(inputs: inputs) == expected.outputs, "\(backend)")
    #expect(program.weights == expected.updates, "\(backend)")
    inputs.merge(expected.updates) { $1 }
  }
}

@Test func plannedGraphsRunInDouble() throws {
  let graph = try Fixture.widened(NetworkGraphs.purifier)
  let planned = try Pipeline.run(graph, through: .planned).graph
  let differentiated = try Pipeline.run(graph, through: .differentiated).graph
  let inputs = Fixture.inputs(graph)
  let expected = try Interpreter().run(differentiated, inputs: inputs).outputs
  for backend in Backend.allCases {
    let found = try Program(planned: planned, backend).run(all: inputs)
    for (name, tensor) in expected { #expect(Fixture.error(found[name]!, tensor) < 1e-20) }
  }
}
