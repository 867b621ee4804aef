import RetortIR
import RetortOps
import RetortTensor
import Testing

@Suite struct BuilderTests {
  @Test func namesBecomeUniqueInOrderOfDefinition() {
    var b = GraphBuilder(name: "names")
    let x = b.input("x", TensorType([2]))
    let first = b.add(Relu(), [x], name: "x")
    let second = b.add(Relu(), [first], name: "x_1")
    let third = b.add(Relu(), [second], name: "x_7")
    let fourth = b.add(Relu(), [third], name: "x_7")
    let graph = b.finish(outputs: [GraphOutput(value: fourth, name: "y")])
    let names = ([x, first, second, third, fourth]).map(graph.name)
    #expect(names == ["x", "x_1", "x_2", "x_7", "x_3"])
  }

  @Test func wordsOfTheLanguageAreNoNames() {
    var b = GraphBuilder(name: "names")
    let x = b.input("repeat", TensorType([2]))
    let y = b.add(Relu(), [x], name: "f32")
    let graph = b.finish(outputs: [GraphOutput(value: y, name: "y")])
    #expect(graph.name(of: x) == "repeat_")
    #expect(graph.name(of: y) == "f32_")
  }

  @Test func pathsBecomeIdentifiers() {
    #expect(GraphBuilder.identifier("layer1.0.weight") == "layer1_0_weight")
    #expect(GraphBuilder.identifier("0.weight") == "_0_weight")
    #expect(GraphBuilder.identifier("") == "_")
    #expect(GraphBuilder.identifier("größe") == "gr__e")
  }

  @Test func wrongOperandsThrowTheirConstraint() {
    var b = GraphBuilder(name: "wrong")
    let x = b.input("x", TensorType(.bool, [2]))
    let error = #expect(throws: Violation.self) { try b.append(Exp(), [x]) }
    #expect(error?.label == "C1" && error?.operand == 0)
    let counted = #expect(throws: Violation.self) { try b.append(Exp(), [x, x]) }
    #expect(counted?.message == "takes 1 operand, got 2")
  }

  @Test func gradientTakesAScalarAndRealTargets() {
    var b = GraphBuilder(name: "gradients")
    let x = b.input("x", TensorType([2])), flags = b.input("flags", TensorType(.bool, [2]))
    let loss = b.sum(x)
    let vector = #expect(throws: Violation.self) { try b.append(Gradient(), [x, x]) }
    #expect(vector?.message == "differentiates a real scalar, got f32[2]")
    let target = #expect(throws: Violation.self) { try b.append(Gradient(), [loss, flags]) }
    #expect(target?.message == "with respect to bool[2], which is not real")
    #expect(throws: Never.self) { try b.append(Gradient(), [loss, x]) }
  }

  @Test func carriedValuesKeepTheirType() {
    var b = GraphBuilder(name: "loop")
    let x = b.input("x", TensorType([2]))
    let arguments = b.openBlock(arguments: [("i", TensorType(.i32, [])), ("y", TensorType([2]))])
    let total = b.sum(arguments[1])
    let body = b.closeBlock(results: [total])
    let error = #expect(throws: Violation.self) {
      try b.append(Repeat(count: 2), [x], regions: [body])
    }
    #expect(error?.label == "C3")
    #expect(error?.message == "carries f32[2], but the region yields f32[] for it")
  }

  @Test func capturesAreListedOnceInOrderOfUse() {
    var b = GraphBuilder(name: "captures")
    let x = b.input("x", TensorType([])), scale = b.input("scale", TensorType([]))
    let shift = b.input("shift", TensorType([]))
    let arguments = b.openBlock(arguments: [("i", TensorType(.i32, [])), ("y", TensorType([]))])
    let scaled = b.mul(arguments[1], scale)
    let moved = b.add(scaled, shift)
    let next = b.mul(moved, scale)
    let body = b.closeBlock(results: [next])
    let result = b.addAll(Repeat(count: 2), [x], regions: [body])[0]
    let graph = b.finish(outputs: [GraphOutput(value: result, name: "y")])
    #expect(graph.body.nodes[0].captures == [scale, shift])
    #expect(graph.nodeCount == 4)
  }
}
