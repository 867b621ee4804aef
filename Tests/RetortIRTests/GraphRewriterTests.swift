import RetortIR
import RetortOps
import RetortTensor
import Testing

@Suite struct GraphRewriterTests {
  @Test func copyingEqualsTheOriginal() {
    let loop = PrinterTests.loop()
    #expect(GraphRewriter.rewrite(loop) { _, _ in nil } == loop)
  }

  @Test func copyKeepsOriginsAndAnnotations() {
    var b = GraphBuilder(name: "g")
    let x = b.input("x", TensorType([2]))
    b.origin = Origin(path: "layer")
    let y = b.relu(x)
    var graph = b.finish(outputs: [GraphOutput(value: y, name: "y")])
    graph.body.nodes[0].annotations = [Annotation("offset", .integer(64))]
    let copy = GraphRewriter.rewrite(graph) { _, _ in nil }
    #expect(copy.body.nodes[0].origin == Origin(path: "layer"))
    #expect(copy.body.nodes[0].annotations == graph.body.nodes[0].annotations)
  }

  @Test func replacementsReachIntoRegions() throws {
    let doubled = GraphRewriter.rewrite(PrinterTests.loop()) { rewriter, node in
      guard node.op is Mul else { return nil }
      let x = rewriter[node.operands[0]]
      return [rewriter.builder.add(x, x)]
    }
    try Verifier().verify(doubled)
    #expect(doubled.description.contains("add: f32[] = add(y, y)\n    yield add collect add"))
    #expect(!doubled.description.contains("mul"))
  }

  @Test func nodesCanVanish() throws {
    var b = GraphBuilder(name: "g")
    let x = b.input("x", TensorType([2]))
    let once = b.relu(x)
    let twice = b.relu(once)
    let graph = b.finish(outputs: [GraphOutput(value: twice, name: "y")])
    let shorter = GraphRewriter.rewrite(graph) { rewriter, node in
      rewriter.source.name(of: node.results[0]) == "relu_1" ? [rewriter[node.operands[0]]] : nil
    }
    try Verifier().verify(shorter)
    #expect(shorter.nodeCount == 1)
  }
}
