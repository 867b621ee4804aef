import RetortIR
import RetortOps
import RetortRuntime
import RetortTensor
import RetortText
import Synchronization
import Testing

@Test func interpreterRunsEveryKindOfRegion() throws {
  let outcome = try Interpreter().run(LoopGraphs.regions, inputs: LoopGraphs.regionInputs)
  // w = 2·3 prepared; turns i = 1, 2 add w·i to x; fused negates and adds one.
  #expect(outcome.outputs["last"]?.doubles == [19, 20])
  #expect(outcome.outputs["history"]?.doubles == [7, 8, 19, 20])
  #expect(outcome.outputs["fused"]?.doubles == [-18, -19])
}

@Test func interpreterSwapsCarriedValues() throws {
  let inputs = ["a": HostTensor([2], [Float(1), 2]), "b": HostTensor([2], [Float(3), 4])]
  let odd = try Interpreter().run(LoopGraphs.swap(turns: 3), inputs: inputs)
  #expect(odd.outputs["a"]?.doubles == [3, 4])
  #expect(odd.outputs["b"]?.doubles == [1, 2])
  let none = try Interpreter().run(LoopGraphs.swap(turns: 0), inputs: inputs)
  #expect(none.outputs["a"]?.doubles == [1, 2])
}

@Test func interpreterReturnsUpdatesApart() throws {
  let outcome = try Interpreter().run(
    LoopGraphs.updates,
    inputs: ["u": HostTensor(Float(1)), "v": HostTensor(Float(5)), "x": HostTensor(Float(10))])
  #expect(outcome.outputs["y"]?.doubles == [16])
  #expect(outcome.outputs.count == 1)
  #expect(outcome.updates["u"]?.doubles == [5])
  #expect(outcome.updates["v"]?.doubles == [11])
}

@Test func interpreterNamesAMissingInput() {
  #expect(throws: Diagnostics.self) {
    try Interpreter().run(LoopGraphs.updates, inputs: ["x": HostTensor(Float(1))])
  }
  do throws(Diagnostics) {
    _ = try Interpreter().run(
      LoopGraphs.updates,
      inputs: ["u": HostTensor(1.0), "v": HostTensor(Float(5)), "x": HostTensor(Float(10))])
    Issue.record("a tensor of another type was taken")
  } catch {
    #expect(error.list[0].message == "parameter 'u' of 'updates' is f32[], but f64[] is given")
  }
}

@Test func interpreterRefusesAGradient() {
  var b = GraphBuilder(name: "g")
  let x = b.input("x", TensorType([]))
  let g = b.add(Gradient(), [b.mul(x, x), x], name: "slope")
  let graph = b.finish(outputs: [GraphOutput(value: g, name: "g")])
  #expect(throws: Diagnostics.self) {
    try Interpreter().run(graph, inputs: ["x": HostTensor(Float(1))])
  }
}

@Test func theFirstNodeWithoutAFiniteResultIsNamed() throws {
  for isChecked in [false, true] {
    let graph = LoopGraphs.overflow
    let inputs = ["x": HostTensor([2], [Float(1), 50])]
    do throws(Diagnostics) {
      if isChecked {
        let program = try Program(planned: HandPlan().plan(graph))
        try program.load(inputs)
        try program.run(probe: nil, checksFinite: true)
      } else {
        _ = try Interpreter(checksFinite: true).run(graph, inputs: inputs)
      }
      Issue.record("an infinity was not found")
    } catch {
      #expect(error.list[0].message == "'grown' (exp) is inf at [1] in turn 1")
      #expect(error.list[0].notes.count == 1)
    }
  }
}

@Test func probesSeeEveryValueInOrder() throws {
  let seen = Mutex<[String]>([])
  let probe: ProbeCallback = { probe in
    seen.withLock { $0.append("\(probe.name)\(probe.turns)") }
  }
  _ = try Interpreter(probe: probe).run(LoopGraphs.regions, inputs: LoopGraphs.regionInputs)
  let interpreted = seen.withLock { $0 }
  #expect(interpreted.contains("sum[2]"))
  #expect(interpreted.firstIndex(of: "sum[1]")! < interpreted.firstIndex(of: "sum[2]")!)
  seen.withLock { $0 = [] }
  let program = try Program(planned: HandPlan().plan(LoopGraphs.regions), .reference)
  try program.bind(weights: LoopGraphs.regionInputs)
  try program.load(LoopGraphs.regionInputs)
  try program.run(probe: probe, checksFinite: false)
  // What is prepared has been computed before the run.
  let prepared = ["three[]", "six[]", "w[]"]
  #expect(seen.withLock { $0 } == interpreted.filter { !prepared.contains($0) })
}
