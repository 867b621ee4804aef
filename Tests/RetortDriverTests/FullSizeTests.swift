import Foundation
import RetortDriver
import RetortIR
import RetortTensor
import RetortTestSupport
import Testing

/// The public networks of DEFENCE 4 at full size, up to 40 million parameters, give PyTorch's logits
/// for the weights and the image that `Tests/Golden/vectors/full.py` draws.
@Suite struct FullSizeTests {
  static let models = [
    "preactresnet18", "preactresnet18_raw", "preactresnet18_swish", "small", "wide_resnet_28_10",
    "wide_resnet_swish_28_10", "resnet18", "resnet50", "resnet50_imagenet", "densenet121",
    "network_in_network",
  ]

  /// Every network of the file is run.
  @Test func theFileHoldsThese() throws {
    #expect(Set(try VectorFile("full").tensors.keys) == Set(Self.models))
  }

  @Test(
    .enabled(if: Repository.runsLongTests, "takes a minute: RETORT_LONG_TESTS=1"),
    arguments: models, [Way.exact, .compiled])
  func logitsArePyTorchs(model: String, way: Way) throws {
    let side = model == "resnet50_imagenet" ? 224 : 32
    let image = Self.uniform(1 << 32, [1, 3, side, side], 0..<1)
    let graph = try TestDefinition(file: "graphs/models/\(model).graph")
      .graph(inputs: ["x": image])
    let run = try way.run(graph, ["x": image], weights: Self.weights(graph))
    let error = scaledError(run[graph.outputs[0].name], try VectorFile("full")[model])
    #expect(error <= way.tolerance, "\(model) is off by \(error)")
  }

  /// Weights by the places of their names in order.
  private static func weights(_ graph: Graph) -> [String: HostTensor] {
    var types: [String: TensorType] = [:]
    for input in graph.inputs where input.role.isWeight {
      types[input.name] = graph.type(of: input.value)
    }
    var weights: [String: HostTensor] = [:]
    for (place, name) in types.keys.sorted().enumerated() {
      let shape = types[name]!.shape
      let bound = (6 / Double(shape.extents.dropFirst().reduce(1, *))).squareRoot()
      let isScale = name.hasSuffix("weight") || name.hasSuffix("running_var")
      weights[name] = uniform(
        UInt64(place), shape, shape.rank > 1 ? -bound..<bound : isScale ? 0.5..<1.5 : -0.3..<0.3)
    }
    return weights
  }

  private static func uniform(
    _ seed: UInt64, _ shape: Shape, _ range: Range<Double>
  ) -> HostTensor {
    var generator = SeededGenerator(seed: seed)
    let width = range.upperBound - range.lowerBound
    let values = (0..<shape.elementCount).map { _ in
      Float(range.lowerBound + width * (Double(generator.next() >> 11) * 0x1p-53))
    }
    return HostTensor(shape, values)
  }
}
