import RetortIR
import RetortOps
import RetortPasses
import RetortRuntime
import RetortTensor
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
