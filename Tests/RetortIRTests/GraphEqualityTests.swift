import RetortIR
import RetortOps
import RetortTensor
import Testing

@Suite struct GraphEqualityTests {
  private func graph(
    input: String = "x", scale: Double = 2, result: String = "mul", annotated: Bool = false,
    wasted: Int = 0
  ) -> Graph {
    var b = GraphBuilder(name: "g")
    let x = b.input(input, TensorType([2]))
    b.origin = Origin(path: "somewhere.\(wasted)")
    let factor = b.fill(scale, like: x)
    let y = b.add(Mul(), [x, factor], name: result)
    var graph = b.finish(outputs: [GraphOutput(value: y, name: "y")])
    if annotated { graph.body.nodes[0].annotations = [Annotation("offset", .integer(64))] }
    return graph
  }

  @Test func numbersAndOriginsDoNotCount() {
    #expect(graph() == graph(wasted: 3))
    var renumbered = GraphRewriter(graph())
    _ = renumbered.builder.openBlock(arguments: [("unused", TensorType([9]))])
    _ = renumbered.builder.closeBlock(results: [])
    renumbered.visit(graph().body.nodes) { _, _ in nil }
    #expect(renumbered.finish() == graph())
  }

  @Test func whatIsPrintedCounts() {
    #expect(graph() != graph(input: "z"))
    #expect(graph() != graph(scale: 3))
    #expect(graph() != graph(result: "product"))
    #expect(graph() != graph(annotated: true))
  }

  @Test func regionsAreCompared() {
    let loop = PrinterTests.loop()
    var other = loop
    other.body.nodes[0].regions[0].nodes[0].op = Fill(3, [])
    #expect(loop == PrinterTests.loop())
    #expect(loop != other)
  }
}
