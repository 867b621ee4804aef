import RetortIR
import RetortOps
import RetortRuntime
import RetortTensor
import RetortTestSupport
import RetortText
import Synchronization
import Testing

@Test(arguments: Backend.allCases)
func programsRunEveryKindOfRegion(_ backend: Backend) throws {
  for graph in [LoopGraphs.regions, LoopGraphs.nested] {
    var inputs = Fixture.inputs(graph)
    inputs.merge(LoopGraphs.regionInputs) { random, _ in random }
    let expected = try Interpreter().run(graph, inputs: inputs).outputs
    let program = try Program(planned: HandPlan().plan(graph), backend, isChecked: true)
    let found = try program.run(all: inputs)
    for (name, tensor) in expected {
      #expect(Fixture.error(found[name]!, tensor) < 1e-12, "\(name)")
    }
    try program.runChecked()
    #expect(program.results == found)
  }
}

@Test func carriedValuesChangePlaces() throws {
  let inputs = ["a": HostTensor([2], [Float(1), 2]), "b": HostTensor([2], [Float(3), 4])]
  for turns in 0...4 {
    let graph = LoopGraphs.swap(turns: turns)
    let program = try Program(planned: HandPlan().plan(graph))
    #expect(try program.run(all: inputs) == Interpreter().run(graph, inputs: inputs).outputs)
  }
}

/// Every move waits for the next one. With each looked for among all that are left: 4 · 10¹⁰ pairs.
@Test(arguments: [false, true]) func manyCarriedValuesMoveUp(inACircle: Bool) throws {
  let count = 6400
  var b = GraphBuilder(name: "moving")
  let starts = (0..<count).map { b.fill(Double($0), []) }
  let arguments = b.openBlock(
    arguments: [("i", TensorType(.i32, []))] + starts.map { ("c", b.type(of: $0)) })
  let carried = arguments.dropFirst()
  let body = b.closeBlock(
    results: [inACircle ? carried.last! : carried.first!] + carried.dropLast())
  let results = b.addAll(Repeat(count: 2), starts, regions: [body])
  let graph = b.finish(
    outputs: results.prefix(4).enumerated().map { GraphOutput(value: $1, name: "y\($0)") })
  let planned = HandPlan().plan(graph)
  var found: [String: HostTensor] = [:]
  let duration = try ContinuousClock().measure {
    found = try Program(planned: planned).run(all: [:])
  }
  #expect(duration < .seconds(10))
  let last = Double(count - 1)
  let expected = inACircle ? [last - 1, last, 0, 1] : [0, 0, 0, 1]
  #expect((0..<4).map { found["y\($0)"]?.doubles } == expected.map { [$0] })
}

@Test func updatesReadOldValuesAndStay() throws {
  let program = try Program(planned: HandPlan().plan(LoopGraphs.updates))
  let x = ["x": HostTensor(Float(10))]
  try program.bind(weights: ["u": HostTensor(Float(1)), "v": HostTensor(Float(5))])
  #expect(try program.run(inputs: x)["y"]?.doubles == [16])
  #expect(program.weights["u"]?.doubles == [5])
  #expect(program.weights["v"]?.doubles == [11])
  #expect(try program.run(inputs: x)["y"]?.doubles == [26])
  #expect(program.weights["u"]?.doubles == [11])
}

@Test func preparedValuesFollowTheWeights() throws {
  let program = try Program(planned: HandPlan().plan(LoopGraphs.regions))
  let x = ["x": HostTensor([2], [Float(1), 2])]
  try program.bind(weights: ["weight": HostTensor(Float(2))])
  #expect(try program.run(inputs: x)["last"]?.doubles == [19, 20])
  try program.bind(weights: ["weight": HostTensor(Float(0))])
  #expect(try program.run(inputs: x)["last"]?.doubles == [1, 2])
}

@Test func whatIsNotBoundIsNamed() throws {
  let program = try Program(planned: HandPlan().plan(LoopGraphs.updates))
  do throws(Diagnostics) {
    _ = try program.run(inputs: ["x": HostTensor(Float(10))])
    Issue.record("ran without weights")
  } catch {
    #expect(error.list[0].message == "parameter 'u' (f32[]) of 'updates' is not given")
  }
}

@Test func onlyPlannedGraphsRun() {
  do throws(Diagnostics) {
    _ = try Program(planned: LoopGraphs.updates)
    Issue.record("ran without a plan")
  } catch {
    #expect(error.list[0].message.contains("has no 'offsets' for 1 values"))
  }
  var graph = HandPlan().plan(LoopGraphs.updates)
  graph.body.nodes[0].annotations = [Annotation("offsets", .integers([4]))]
  #expect(throws: Diagnostics.self) { try Program(planned: graph) }
}

@Test func elementwiseResultsMayTakeAnOperandsPlace() throws {
  var b = GraphBuilder(name: "chain")
  let x = b.input("x", TensorType([40_001]))
  let h = b.add(Exp(), [x], name: "h")
  let t = b.add(Tanh(), [h], name: "t")
  let s = b.add(Mul(), [t, t], name: "s")
  let y = b.add(Sub(), [x, s], name: "y")
  let graph = b.finish(outputs: [GraphOutput(value: y, name: "y")])
  let inputs = Fixture.inputs(graph)
  let apart = HandPlan().plan(graph)
  let together = HandPlan(inPlace: ["t": "h", "s": "h", "y": "h"]).plan(graph)
  for backend in Backend.allCases {
    let expected = try Program(planned: apart, backend).run(all: inputs)
    let program = try Program(planned: together, backend, threads: 2, isChecked: true)
    #expect(try program.run(all: inputs) == expected, "\(backend)")
    try program.runChecked()
    #expect(program.results == expected)
  }
}

@Test func whatMustNotTakeAnOperandsPlaceIsComputedApart() throws {
  var b = GraphBuilder(name: "turn")
  let x = b.input("x", TensorType([31, 31]))
  let h = b.add(Neg(), [x], name: "h")
  let t = b.add(Transpose([1, 0]), [h], name: "t")
  let p = b.add(MatMul(), [t, t], name: "p")
  let graph = b.finish(outputs: [GraphOutput(value: p, name: "y")])
  let inputs = Fixture.inputs(graph)
  let together = HandPlan(inPlace: ["t": "h", "p": "h"]).plan(graph)
  let expected = try Interpreter().run(graph, inputs: inputs).outputs
  for backend in Backend.allCases {
    let found = try Program(planned: together, backend).run(all: inputs)
    #expect(Fixture.error(found["y"]!, expected["y"]!) < 1e-12, "\(backend)")
  }
}

@Test func aPlanThatFreesTooEarlyShows() throws {
  var b = GraphBuilder(name: "early")
  let x = b.input("x", TensorType([64]))
  let h = b.add(Exp(), [x], name: "h")
  let t = b.add(Tanh(), [x], name: "t")
  let y = b.add(Add(), [h, t], name: "y")
  let graph = b.finish(outputs: [GraphOutput(value: y, name: "y")])
  // t overwrites h, which y still reads.
  let broken = HandPlan(inPlace: ["t": "h"]).plan(graph)
  let program = try Program(planned: broken, isChecked: true)
  let inputs = Fixture.inputs(graph)
  try program.load(inputs)
  try program.runChecked()
  let expected = try Interpreter().run(graph, inputs: inputs).outputs["y"]!
  #expect(Fixture.error(program.results["y"]!, expected) > 1e-3)
}

private let allocatesItself: Comment = "a sanitizer allocates in its own way"

@Test(.enabled(if: !Repository.isSanitized, allocatesItself))
func aRunAllocatesNothing() throws {
  let graph = NetworkGraphs.network
  let inputs = Fixture.inputs(graph)
  for (backend, threads) in [(Backend.simd, 1), (.simd, 3), (.blas, 2)] {
    let pool = ThreadPool(threadCount: threads)
    let program = try Program(
      HandPlan().plan(graph), options: ProgramOptions(backend: backend, pool: pool))
    let statistics = RunStatistics(for: program)
    _ = try program.run(all: inputs)
    program.run(measuring: statistics)
    let traps = Mutex<[AllocationTrap]>([])
    traps.withLock { $0.reserveCapacity(threads) }
    let begun = Atomic<Int>(0)
    pool.run(tiles: threads) { _, _ in
      // Every thread takes one of the tiles, because none ends before all have begun.
      begun.add(1, ordering: .sequentiallyConsistent)
      while begun.load(ordering: .sequentiallyConsistent) < threads {}
      traps.withLock { $0.append(AllocationTrap()) }
    }
    // The C library sets some things up on first use, for example when a thread first sleeps; what
    // a run allocates itself it allocates in every run.
    var plain = 1, measured = 1
    for _ in 0..<5 where plain + measured > 0 {
      let own = AllocationTrap()
      program.run()
      plain = own.sprungCount()
      program.run(measuring: statistics)
      measured = own.sprungCount()
    }
    let others = traps.withLock { $0.map { $0.sprungCount() } }
    #expect(plain == 0 && measured == 0, "\(backend), \(threads) threads: \(plain), \(measured)")
    // The caller's earlier trap went off when the test allocated.
    #expect(others.count { $0 > 1 } <= 1, "\(backend), \(threads) threads: \(others)")
  }
}

@Test(.enabled(if: !Repository.isSanitized, allocatesItself), arguments: OpCatalog.standard.names)
func kernelsAllocateNothing(_ name: String) throws {
  // Their references read indices and boxes into arrays.
  guard !["scatter_add", "one_hot", "top_k"].contains(name) else { return }
  for sample in OpCatalog.standard[name]!.samples {
    let graph = try sample.graph()
    for backend in [Backend.simd, .blas] {
      let program = try Program(planned: HandPlan().plan(graph), backend)
      _ = try program.run(all: sample.inputs(seed: 1))
      // As above: what a run allocates itself it allocates in every run.
      var count = 1
      for _ in 0..<5 where count > 0 {
        let trap = AllocationTrap()
        program.run()
        count = trap.sprungCount()
      }
      #expect(count == 0, "\(sample.op.signature) on \(sample.operands.map(\.type)), \(backend)")
    }
  }
}

@Test(.enabled(if: !Repository.isSanitized, allocatesItself))
func theTrapCatchesWhatIsFreedAgain() {
  let trap = AllocationTrap()
  let before = trap.sprungCount()
  let list = (0..<Int.random(in: 20...30)).map { $0 }
  #expect(before == 0 && trap.sprungCount() > 0 && list.count >= 20 && trap.count > 50)
}

@Test func resultsDoNotDependOnThreadsOrRuns() throws {
  let graph = NetworkGraphs.network
  let inputs = Fixture.inputs(graph)
  for backend in [Backend.simd, .blas] {
    var first: [String: HostTensor]?
    for threads in [1, 2, 3, 7] {
      let program = try Program(planned: HandPlan().plan(graph), backend, threads: threads)
      for _ in 0..<2 {
        let found = try program.run(all: inputs)
        #expect(found == first ?? found)
        first = found
      }
    }
    let expected = try Interpreter().run(graph, inputs: inputs).outputs
    for (name, tensor) in expected { #expect(Fixture.error(first![name]!, tensor) < 1e-10) }
  }
}

@Test func profilesNameStepsByTheDefinition() throws {
  let program = try Program(planned: HandPlan().plan(NetworkGraphs.network))
  let statistics = RunStatistics(for: program)
  try program.bind(weights: Fixture.inputs(program.graph))
  program.run(measuring: statistics)
  program.run(measuring: statistics)
  let report = ProfileReport(statistics)
  #expect(report.table.contains("convolved"))
  #expect(report.table.contains("stem"))
  #expect(statistics.totals.first { $0.name == "convolved" }?.executionCount == 2)
  #expect(report.chromeTrace.hasPrefix("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n{"))
  #expect(report.chromeTrace.contains("\"name\":\"stem convolved\",\"cat\":\"conv2d\""))
  let turns = report.chromeTrace.split(separator: "\n").count { $0.contains("\"name\":\"moved\"") }
  #expect(turns == 3)
}
