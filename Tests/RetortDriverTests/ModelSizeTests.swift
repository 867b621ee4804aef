import RetortIR
import RetortOps
import RetortPasses
import RetortTestSupport
import Testing

/// DEFENCE 3, 4 and 8: parameters and multiply-accumulates of networks, counted in their graphs.
/// The integers behind the rounded ones of the tables are PyTorch's (`vectors/published.py`).
@Suite struct ModelSizeTests {
  /// Multiply-accumulates of convolutions, their transposes and products.
  static func multiplyCount(_ graph: Graph, products: Bool = true) -> Int {
    var flops = 0
    graph.forEachNode { node in
      guard let op = node.op as? any TensorOp else { return }
      guard op is Conv2d || op is Conv2dTranspose || (products && op is MatMul) else { return }
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
    ("preactresnet18", 11_172_170, 555_422_720), ("preactresnet18_raw", 11_171_146, 555_422_720),
    ("preactresnet18_swish", 12_548_426, 605_754_368), ("small", 701_018, 35_046_656),
    ("wide_resnet_28_10", 36_479_194, 5_243_328_768),
    ("wide_resnet_34_10", 46_160_474, 6_658_906_368),
    ("wide_resnet_34_20", 184_531_674, 26_581_856_768),
    ("wide_resnet_swish_28_10", 36_479_194, 5_243_328_768),
    ("wide_resnet_swish_70_16", 266_796_506, 38_764_210_176),
    ("resnet18", 11_173_962, 555_422_720), ("resnet50", 23_520_842, 1_297_829_888),
    ("densenet121", 6_956_426, 223_422_464),
    ("network_in_network", 1_411_140, 250_675_968), ("context_encoder", 71_130_659, 349_700_096),
  ])
  func countsAreExact(model: String, parameters: Int, multiplies: Int) throws {
    let graph = try TestDefinition(file: "graphs/models/\(model).graph").graph()
    #expect(Self.parameterCount(graph) == parameters)
    #expect(Self.multiplyCount(graph) == multiplies)
  }

  @Test func imagenetResNetCounts() throws {
    let graph = try TestDefinition(file: "graphs/models/resnet50_imagenet.graph").graph(
      set: ["h": "224", "w": "224"])
    #expect(Self.parameterCount(graph) == 25_557_032)
    #expect(Self.multiplyCount(graph) == 4_089_184_256)
  }

  @Test(arguments: [("resnet20", 269_722), ("resnet14", 175_258)])
  func parameterCountsAreExact(model: String, parameters: Int) throws {
    let graph = try TestDefinition(file: "graphs/models/\(model).graph").graph()
    #expect(Self.parameterCount(graph) == parameters)
  }

  @Test func rawShortcutWithoutFinalNormHasFewerParameters() throws {
    let graph = try TestDefinition(file: "graphs/models/preactresnet18.graph").graph(
      set: ["final_norm": "false", "raw_shortcut": "true"])
    #expect(Self.parameterCount(graph) == 11_171_146)
  }

  /// The table of DEFENCE 3.1: features, parameters and extent of the embedding.
  @Test(arguments: [
    (640, 168_720, 16), (512, 66_952, 8), (1024, 132_488, 8), (2048, 1_115_776, 128),
  ])
  func publishedHeads(features: Int, parameters: Int, embedding: Int) throws {
    let graph = try TestDefinition(file: "graphs/objectives/published.graph").graph(
      "published_head", set: ["n": "2", "c": "\(features)"])
    #expect(Self.parameterCount(graph) == parameters)
    #expect(graph.type(of: graph.outputs[0].value).shape == [2, embedding])
  }

  /// DEFENCE 4: four views, four turns and one painting make 22,326 M multiply-accumulates a step,
  /// forward. Counted are convolutions, so that the linear layers stay out.
  @Test func publishedLossTakesWhatItsPartsTake() throws {
    let graph = try TestDefinition(file: "graphs/objectives/published.graph").graph(
      set: ["n": "1", "backbone": "wide_resnet_28_10"])
    #expect(Self.parameterCount(graph) == 36_479_194 + 168_720 + 1_411_140 + 71_130_659)
    let simplified = try Pipeline.run(graph, through: .simplified).graph
    let backbone = 4 * (5_243_328_768 - 6_400)
    let rotation = 4 * (250_675_968 - 768)
    #expect(
      Self.multiplyCount(simplified, products: false) == backbone + rotation + 349_700_096)
  }
}
