import RetortIR
import RetortOps
import RetortTensor
import RetortText
import Testing

@Suite struct VerifierTests {
  /// `y = relu(exp(x))`
  private static func chain() -> Graph {
    var b = GraphBuilder(name: "chain")
    let x = b.input("x", TensorType([2]))
    let e = b.exp(x)
    let y = b.relu(e)
    return b.finish(outputs: [GraphOutput(value: y, name: "y")])
  }

  private func fault(_ graph: Graph, phase: Verifier.Phase = .any) -> String? {
    do {
      try Verifier(phase: phase).verify(graph)
      return nil
    } catch {
      return error.message
    }
  }

  @Test func soundGraphsPass() {
    #expect(fault(Self.chain()) == nil)
    #expect(fault(PrinterTests.loop()) == nil)
  }

  @Test func kernelOfNothing() {
    var b = GraphBuilder(name: "idle")
    let x = b.input("x", TensorType([2]))
    _ = b.openBlock()
    _ = b.exp(x)
    let region = b.closeBlock(results: [])
    #expect(throws: Violation("C2", "is one kernel and yields a value")) {
      try b.append(Fused(), [], regions: [region])
    }
  }

  @Test func useBeforeDefinition() {
    var graph = Self.chain()
    graph.body.nodes.swapAt(0, 1)
    #expect(fault(graph) == "chain: a value is used before it is defined, in relu ()")
  }

  /// A value has one name, so that a second definition shows in it first.
  @Test func secondDefinition() {
    var graph = Self.chain()
    graph.body.nodes.append(graph.body.nodes[0])
    #expect(fault(graph) == "chain: two values are named 'exp'")
  }

  @Test func twoValuesOfOneName() {
    var graph = Self.chain()
    graph.values[1].name = "x"
    #expect(fault(graph) == "chain: two values are named 'x'")
  }

  @Test func typeThatIsNotInferred() {
    var graph = Self.chain()
    graph.values[1].type = TensorType(.f64, [2])
    #expect(fault(graph) == "chain: exp () is typed [f64[2]], inferred [f32[2]]")
  }

  @Test func brokenConstraint() {
    var graph = Self.chain()
    graph.values[0].type = TensorType(.bool, [2])
    #expect(fault(graph) == "chain: exp (): takes reals, got bool[2] [C1]")
  }

  @Test func signatureAndBodyThatDisagree() {
    var graph = Self.chain()
    graph.body.results = [graph.inputs[0].value]
    #expect(fault(graph) == "chain: body and signature disagree")
  }

  @Test func updateOfNoWeight() {
    var graph = Self.chain()
    graph.outputs[0].role = .update
    #expect(fault(graph) == "chain: update of unknown weight 'y'")
  }

  @Test func valueOfARegionUsedBehindIt() {
    var graph = PrinterTests.loop()
    let inner = graph.body.nodes[0].regions[0].results[0]
    graph.outputs[0].value = inner
    graph.body.results[0] = inner
    #expect(fault(graph) == "loop: a value is used before it is defined, in a block's results")
  }

  @Test func structureOutOfItsPhase() throws {
    var b = GraphBuilder(name: "phase")
    let x = b.input("x", TensorType([2]))
    let loss = b.sum(x)
    let slope = try b.append(Gradient(), [loss, x])
    let graph = b.finish(outputs: [GraphOutput(value: slope[0], name: "g")])
    #expect(fault(graph, phase: .gradient) == nil)
    #expect(fault(graph, phase: [.fused, .prepare]) == "phase: gradient () is out of place here")
  }
}
