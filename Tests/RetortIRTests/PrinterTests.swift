import RetortIR
import RetortOps
import RetortTensor
import RetortText
import Testing

@Suite struct PrinterTests {
  @Test func straightGraphPrintsInTheLanguage() {
    var b = GraphBuilder(name: "classifier")
    let x = b.input("x", TensorType([2, 3]))
    let weight = b.input(
      "fc.weight", TensorType([3]), role: .parameter(.normal(0.05)))
    let mean = b.input("fc.mean", TensorType([3]), role: .buffer(nil))
    let product = b.add(Mul(), [x, b.broadcast(weight, to: [2, 3])], name: "product")
    let total = b.sum(product, axes: [1], keep: true)
    let graph = b.finish(outputs: [
      GraphOutput(value: total, name: "logits"),
      GraphOutput(value: mean, name: "fc.mean", role: .update),
    ])
    #expect(graph.updatedWeights == ["fc.mean"])
    #expect(
      graph.description == """
        graph classifier(x: f32[2, 3]) -> (logits: f32[2, 1]) {
          parameter fc_weight: f32[3] as "fc.weight" init normal(0.05)
          buffer fc_mean: f32[3] as "fc.mean"
          broadcast: f32[2, 3] = broadcast(fc_weight, shape: [2, 3])
          product: f32[2, 3] = mul(x, broadcast)
          sum: f32[2, 1] = sum(product, axes: [1], keep: true)
          update fc_mean = fc_mean
          return sum
        }

        """)
  }

  @Test func loopPrintsCarriedAndCollectedValues() {
    #expect(
      Self.loop().description == """
        graph loop(start: f32[]) -> (last: f32[], all: f32[3]) {
          repeat_: f32[], repeat__1: f32[3] = repeat i in 2..<5 with y: f32[] = start {
            fill: f32[] = fill(value: 2.0, shape: [])
            mul: f32[] = mul(y, fill)
            yield mul collect mul
          }
          return repeat_, repeat__1
        }

        """)
  }

  static func loop() -> Graph {
    var b = GraphBuilder(name: "loop")
    let start = b.input("start", TensorType([]))
    let arguments = b.openBlock(arguments: [("i", TensorType(.i32, [])), ("y", TensorType([]))])
    let doubled = b.mul(arguments[1], 2)
    let body = b.closeBlock(results: [doubled, doubled])
    let results = b.addAll(Repeat(count: 3, first: 2), [start], regions: [body])
    return b.finish(outputs: [
      GraphOutput(value: results[0], name: "last"), GraphOutput(value: results[1], name: "all"),
    ])
  }

  @Test func regionsAndAnnotationsPrint() throws {
    var b = GraphBuilder(name: "fused")
    let x = b.input("x", TensorType([4]))
    _ = b.openBlock()
    let y = b.relu(x)
    let body = b.closeBlock(results: [y])
    let result = try b.append(
      Fused(), [], regions: [body], names: ["y"],
      annotations: [Annotation("tile", .integer(16)), Annotation("loop", .text("rows"))])
    let graph = b.finish(outputs: [GraphOutput(value: result[0], name: "y")])
    #expect(
      graph.description == """
        graph fused(x: f32[4]) -> (y: f32[4]) {
          y: f32[4] = fused @(tile: 16, loop: "rows") {
            relu: f32[4] = relu(x)
            yield relu
          }
          return y
        }

        """)
  }

  @Test func originsPrintAsComments() {
    var b = GraphBuilder(name: "origins")
    let x = b.input("x", TensorType([4]))
    b.origin = Origin(path: "layer1.0").derived("gradient of relu")
    let y = b.step(x)
    let graph = b.finish(outputs: [GraphOutput(value: y, name: "y")])
    #expect(
      Printer(showsOrigins: true).text(graph).contains(
        "step: f32[4] = step(x)  // layer1.0, gradient of relu\n"))
  }

  @Test func attributeValuesHaveOneSpelling() {
    #expect(AttributeValue.number(1).description == "1.0")
    #expect(AttributeValue.number(1e-7).description == "1e-07")
    #expect(AttributeValue.number(-.infinity).description == "-inf")
    #expect(AttributeValue.number(.nan).description == "nan")
    #expect(AttributeValue.numbers([0.1, 2]).description == "[0.1, 2.0]")
    #expect(AttributeValue.text("a\"b\\{c}\n").description == #""a\"b\\\{c}\n""#)
    #expect(AttributeValue.element(.i64).description == "i64")
  }

  @Test func onlyAttributesThatSaySomethingAreSpelled() {
    #expect(Sum(axes: []).signature == "sum()")
    #expect(Sum(axes: [1]).signature == "sum(axes: [1])")
    #expect(Fill(0, []).signature == "fill(value: 0.0, shape: [])")
  }
}
