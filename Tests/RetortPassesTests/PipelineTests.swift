import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import RetortText
import Synchronization
import Testing

/// Says that it has done something whenever it is run.
private struct NeverDone: Pass {
  static let name = "never-done"
  static let summary = "claims to have fired"

  func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    record.fire("again")
    return graph
  }
}

/// Reads a value before it is defined.
private struct Breaks: Pass {
  static let name = "breaks-order"
  static let summary = "turns the nodes round"

  func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    var result = graph
    result.body.nodes.reverse()
    return result
  }
}

@Suite struct PipelineTests {
  private static let graph = GraphBuilder.graph { b in
    let x = b.input("x", TensorType([2, 2]))
    return b.gradient(b.sum(b.tanh(b.exp(b.mul(x, 1)))), x)
  }

  @Test func theStandardOrderEstablishesWhatIsRequired() {
    var established: Set<Property> = []
    for pass in Pipeline.standard.passes {
      let kind = type(of: pass)
      #expect(kind.requires.isSubset(of: established), "\(kind.name)")
      established.formUnion(kind.establishes)
    }
    #expect(established == Set(Property.allCases))
    #expect(Pipeline.standard.stages.map(\.stage) == Stage.allCases)
  }

  @Test func namesAreVerbsInKebabCase() {
    for pass in Pipeline.standard.passes {
      let name = pass.name
      #expect(name.allSatisfy { $0 == "-" || $0.isLowercase }, "\(name)")
      #expect(Pipeline.pass(named: name)?.name == name)
    }
    #expect(Pipeline.pass(named: "widen") != nil)
    #expect(Pipeline.pass(named: "no-such-pass") == nil)
  }

  @Test func stagesBuildOnOneAnother() throws {
    #expect(try Pipeline.run(Self.graph, through: .elaborated).graph == Self.graph)
    for stage in Stage.allCases.dropFirst() {
      let result = try Pipeline.run(Self.graph, through: stage)
      #expect(result.graph.count(of: Gradient.self) == 0)
      #expect(result.records.allSatisfy { $0.stage! <= stage })
    }
  }

  @Test func recordsCountWhatFired() throws {
    let result = try Pipeline.run(Self.graph, through: .simplified)
    let algebra = try #require(result.records.first { $0.name == SimplifyAlgebra.name })
    #expect(algebra.firings.first { $0.rule == "multiply-one" }!.count > 0)
    #expect(result.exactness == .approximates)
    let quiet = GraphBuilder.graph { b in [b.exp(b.input("x", TensorType([2])))] }
    #expect(try Pipeline.run(quiet, through: .lowered).exactness == .bitwise)
  }

  @Test func everyPassIsObserved() throws {
    final class Names: Sendable { let list = Mutex<[String]>([]) }
    let names = Names()
    let options = PipelineOptions { pass, graph in
      names.list.withLock { $0.append("\(pass) \(graph.nodeCount)") }
    }
    let result = try Pipeline.run(Self.graph, through: .planned, options: options)
    #expect(
      names.list.withLock { $0 } == result.records.map { "\($0.name) \($0.nodeCountAfter)" })
  }

  @Test func aWrongOrderIsRefused() throws {
    let pipeline = Pipeline("wrong", [(.simplified, [.once(FoldConstants())])])
    var manager = PassManager()
    let error = #expect(throws: InternalError.self) {
      try manager.run(pipeline, Self.graph, through: .planned)
    }
    #expect(error?.message == "fold-constants requires gradientFree")
  }

  @Test func whatNeverEndsIsStopped() throws {
    let pipeline = Pipeline("endless", [(.simplified, [.repeated([NeverDone()], cap: 3)])])
    var manager = PassManager()
    let error = #expect(throws: InternalError.self) {
      try manager.run(pipeline, Self.graph, through: .planned)
    }
    #expect(error?.message == "g: still not stable after 3 turns; firing: never-done/again")
  }

  @Test func whatAPassBreaksIsFoundBehindIt() throws {
    let pipeline = Pipeline("broken", [(.simplified, [.once(Breaks())])])
    var manager = PassManager(options: PipelineOptions(verifiesPasses: true))
    let error = #expect(throws: InternalError.self) {
      try manager.run(pipeline, Self.graph, through: .planned)
    }
    #expect(error?.message.hasPrefix("after pass breaks-order: g: a value is used") == true)
  }

  @Test func inputsAndOutputsKeepNamesOrderAndTypes() throws {
    var b = GraphBuilder(name: "train")
    let x = b.input("x", TensorType([2, 3]))
    let w = b.input("layer.weight", TensorType([3, 3]), role: .parameter(.normal(0.1)))
    let unused = b.input("unused", TensorType([7]), role: .buffer(nil))
    let loss = b.sum(b.square(b.matmul(x, w)))
    let slope = b.gradient(loss, w)[0]
    let next = b.sub(w, b.mul(slope, 0.1))
    let graph = b.finish(
      outputs: [
        GraphOutput(value: loss, name: "loss"),
        GraphOutput(value: next, name: "layer.weight", role: .update),
        GraphOutput(value: x, name: "same"),
      ])
    let planned = try Pipeline.run(graph, through: .planned).graph
    #expect(planned.inputs.map(\.name) == graph.inputs.map(\.name))
    #expect(planned.inputs.map(\.role) == graph.inputs.map(\.role))
    #expect(planned.outputs.map(\.name) == graph.outputs.map(\.name))
    for (old, new) in zip(graph.outputs, planned.outputs) {
      #expect(planned.type(of: new.value) == graph.type(of: old.value))
    }
    #expect(planned.type(of: planned.inputs[2].value) == graph.type(of: unused))
  }
}
