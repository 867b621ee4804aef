import RetortDriver
import RetortIR
import RetortTestSupport
import Testing

/// Weights are called as in the public checkpoints: the key patterns of DEFENCE 3 and 4.
@Suite struct ModelNameTests {
  /// The modules of the networks, `{…}` standing for each of some words or of a range.
  static let patterns: [(model: String, modules: String)] = [
    (
      "preactresnet18",
      "conv1 layer{1-4}.{0,1}.{bn1,conv1,bn2,conv2} layer{2-4}.0.shortcut.0 bn linear"
    ),
    (
      "preactresnet18_raw",
      "conv1 layer{1-4}.{0,1}.{bn1,conv1,bn2,conv2} layer{2-4}.0.shortcut.0 linear"
    ),
    (
      "preactresnet18_swish",
      """
      conv_2d layer_{0-3}.{0,1}.{batchnorm_0,conv_2d_1,batchnorm_1,conv_2d_2}
      layer_{1-3}.0.shortcut batchnorm logits
      """
    ),
    ("wide_resnet_28_10", "\(wide) block{1-3}.layer.{0-3}.{bn1,conv1,bn2,conv2}"),
    ("wide_resnet_34_10", "\(wide) block{1-3}.layer.{0-4}.{bn1,conv1,bn2,conv2}"),
    ("wide_resnet_34_20", "\(wide) block{1-3}.layer.{0-4}.{bn1,conv1,bn2,conv2}"),
    (
      "wide_resnet_swish_28_10",
      "\(swish) layer.{0-2}.block.{0-3}.{batchnorm_0,conv_0,batchnorm_1,conv_1}"
    ),
    (
      "wide_resnet_swish_70_16",
      "\(swish) layer.{0-2}.block.{0-10}.{batchnorm_0,conv_0,batchnorm_1,conv_1}"
    ),
    (
      "resnet18",
      "conv1 bn1 layer{1-4}.{0,1}.{conv1,bn1,conv2,bn2} layer{2-4}.0.shortcut.{0,1} linear"
    ),
    ("resnet50", "\(bottlenecks) layer{1-4}.0.shortcut.{0,1} linear"),
    ("resnet50_imagenet", "\(bottlenecks) layer{1-4}.0.downsample.{0,1} fc"),
    (
      "densenet121",
      """
      features.{conv0,norm0,norm5} features.transition{1-3}.{norm,conv} classifier
      features.denseblock1.denselayer{1-6}.{norm1,conv1,norm2,conv2}
      features.denseblock2.denselayer{1-12}.{norm1,conv1,norm2,conv2}
      features.denseblock3.denselayer{1-24}.{norm1,conv1,norm2,conv2}
      features.denseblock4.denselayer{1-16}.{norm1,conv1,norm2,conv2}
      """
    ),
    (
      "network_in_network",
      """
      _feature_blocks.0.Block1_ConvB{1-3}.layers.{Conv,BatchNorm}
      _feature_blocks.1.Block2_ConvB{1-3}.layers.{Conv,BatchNorm}
      _feature_blocks.2.Block3_ConvB{1-3}.layers.{Conv,BatchNorm}
      _feature_blocks.3.Block4_ConvB{1-3}.layers.{Conv,BatchNorm}
      _feature_blocks.4.Classifier
      """
    ),
    (
      "context_encoder",
      "encoder.{0,1,3,4,6,7,9,10,12,13,15} decoder.{0,2,3,5,6,8,9,11,12,14}"
    ),
  ]
  static let wide = "conv1 bn1 fc block{1-3}.layer.0.convShortcut"
  static let swish = "init_conv batchnorm logits layer.{0-2}.block.0.shortcut"
  static let bottlenecks = """
    conv1 bn1 layer1.{0-2}.{conv1,bn1,conv2,bn2,conv3,bn3}
    layer2.{0-3}.{conv1,bn1,conv2,bn2,conv3,bn3} layer3.{0-5}.{conv1,bn1,conv2,bn2,conv3,bn3}
    layer4.{0-2}.{conv1,bn1,conv2,bn2,conv3,bn3}
    """

  /// What a pattern stands for: `a{0-2}` for `a0`, `a1` and `a2`.
  static func expand(_ pattern: String) -> [String] {
    guard let open = pattern.firstIndex(of: "{"), let close = pattern.firstIndex(of: "}") else {
      return [pattern]
    }
    let head = String(pattern[..<open])
    let tail = String(pattern[pattern.index(after: close)...])
    var choices: [String] = []
    for part in pattern[pattern.index(after: open)..<close].split(separator: ",") {
      let bounds = part.split(separator: "-").compactMap { Int($0) }
      choices += bounds.count == 2 ? (bounds[0]...bounds[1]).map { "\($0)" } : [String(part)]
    }
    return choices.flatMap { choice in expand(tail).map { head + choice + $0 } }
  }

  /// The tensors of each module of a graph.
  static func modules(_ graph: Graph) -> [String: Set<String>] {
    var modules: [String: Set<String>] = [:]
    for input in graph.inputs where input.role.isWeight {
      let words = input.name.split(separator: ".")
      modules[words.dropLast().joined(separator: "."), default: []].insert(String(words.last!))
    }
    return modules
  }

  @Test func patternsExpand() {
    #expect(Self.expand("a{1-3}.{x,y}") == ["a1.x", "a1.y", "a2.x", "a2.y", "a3.x", "a3.y"])
  }

  @Test(arguments: patterns)
  func modulesAreThoseOfTheTable(model: String, patterns: String) throws {
    let graph = try TestDefinition(file: "graphs/models/\(model).graph").graph()
    let modules = Self.modules(graph)
    let words = patterns.split(whereSeparator: \.isWhitespace).map(String.init)
    #expect(Set(modules.keys) == Set(words.flatMap(Self.expand)))
    let norm: Set<String> = ["weight", "bias", "running_mean", "running_var"]
    let kinds: [Set<String>] = [norm, ["weight"], ["weight", "bias"]]
    for (module, tensors) in modules {
      #expect(kinds.contains(tensors), "\(module) holds \(tensors)")
    }
  }

  @Test func publishedHeadIsNamedAsTheTableSays() throws {
    let graph = try TestDefinition(file: "graphs/objectives/published.graph").graph(
      "published_head", set: ["n": "2", "c": "640"])
    #expect(Set(Self.modules(graph).keys) == ["linear", "bn3", "linear2"])
  }

  /// Every tensor of PyTorch's state dicts is one of the graph's, in name and shape.
  @Test(arguments: [
    "tiny", "tiny_wide", "resnet20", "tiny_swish", "tiny_wide_swish", "tiny_resnet18",
    "tiny_resnet50", "tiny_imagenet", "tiny_dense", "tiny_angles", "tiny_painter",
  ])
  func stateDictsAreTheGraphsWeights(name: String) throws {
    let stored = try VectorFile(name + ".weights").tensors.mapValues(\.shape)
    let graph = try VectorTests.definition.graph(name)
    let weights = graph.inputs.filter(\.role.isWeight)
    let expected = Dictionary(
      uniqueKeysWithValues: weights.map { ($0.name, graph.type(of: $0.value).shape) })
    #expect(stored == expected)
  }

  /// Carmon's file holds `sub_block1`, which the model never calls, and PyTorch's counters.
  @Test func whatTheCheckpointKeepsBesidesIsLeftOut() throws {
    let graph = try VectorTests.definition.graph("tiny_wide")
    var weights = Weights()
    for (name, tensor) in try VectorFile("tiny_wide.weights").tensors {
      weights.insert("module." + name, tensor, from: "carmon.pt")
      if name.hasPrefix("block1.") {
        weights.insert("module.sub_" + name, tensor, from: "carmon.pt")
      }
    }
    weights.insert("module.bn1.num_batches_tracked", vector(0), from: "carmon.pt")
    let binding = try weights.bind(to: graph)
    #expect(binding.tensors.count == graph.inputs.filter(\.role.isWeight).count)
    #expect(!binding.unused.isEmpty)
    #expect(binding.unused.allSatisfy { $0.hasPrefix("module.sub_block1.layer.") })
  }
}
