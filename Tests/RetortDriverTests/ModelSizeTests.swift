import RetortIR
import RetortOps
import RetortTestSupport
import Testing

/// DEFENCE 4 and 8: parameters and multiply-accumulates of the models, counted in their graphs.
@Suite struct ModelSizeTests {
  /// Multiply-accumulates of convolutions and products.
  static func multiplyCount(_ graph: Graph) -> Int {
    var flops = 0
    graph.forEachNode { node in
      guard let op = node.op as? any TensorOp, op is Conv2d || op is MatMul else { return }
      flops += op.cost(node.operands.map(graph.type), node.results.map(graph.type)).flops
    }
    return flops / 2
  }

  static func parameterCount(_ graph: Graph) -> Int {
    graph.inputs.reduce(0) { count, input in
      guard case .parameter = input.role else { return count }
      return count + graph.type(of: input.value).elementCount
    }
  }

  @Test(arguments: [
    ("preactresnet18", 11_172_170, 555_422_720), ("wide_resnet_28_10", 36_479_194, 5_243_328_768),
  ])
  func countsAreExact(model: String, parameters: Int, multiplies: Int) throws {
    let graph = try TestDefinition(file: "graphs/models/\(model).graph").graph()
    #expect(Self.parameterCount(graph) == parameters)
    #expect(Self.multiplyCount(graph) == multiplies)
  }

  @Test(arguments: [("small", 701_018), ("wide_resnet_34_10", 46_160_474), ("resnet20", 269_722)])
  func parameterCountsAreExact(model: String, parameters: Int) throws {
    let graph = try TestDefinition(file: "graphs/models/\(model).graph").graph()
    #expect(Self.parameterCount(graph) == parameters)
  }

  @Test func smallNetworkTakes35MillionMultiplies() throws {
    let graph = try TestDefinition(file: "graphs/models/small.graph").graph()
    #expect((34_950_000..<35_050_000).contains(Self.multiplyCount(graph)))
  }

  @Test func rawShortcutWithoutFinalNormHasFewerParameters() throws {
    let graph = try TestDefinition(file: "graphs/models/preactresnet18.graph").graph(
      set: ["final_norm": "false", "raw_shortcut": "true"])
    #expect(Self.parameterCount(graph) == 11_171_146)
  }
}
