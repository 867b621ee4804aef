import RetortIR
import RetortPasses
import RetortTensor
import RetortTestSupport
import Testing

/// The purifier with networks of its own for rotation and inpainting (DEFENCE 2.2, 3.2, 3.3).
@Suite struct PublishedPurifierTests {
  static let text = """
    import "purifiers/published.graph"
    \(Speck.text)

    graph shortened(x: f32[n, 3, 32, 32], key: key[n]) -> (purified: f32[n, 3, 32, 32]) {
      z = purify(x, key, steps: 2, norm: "l2", epsilon: 1.0, step_size: 0.05, views: 2,
                 backbone: speck, rotation: partial(network_in_network, width: 12),
                 inpainting: partial(context_encoder, width: 3, code: 20))
      return z
    }
    """
  static let definition = try! TestDefinition(text: text)

  @Test func optimisedEqualsReferenceInDouble() throws {
    let graph = try Self.definition.graph("shortened", set: ["n": "2"])
    let weights = graph.randomWeights(seed: 5)
    let images = ["x": HostTensor.randomImages(2, seed: 6)]
    let expected = try graph.interpreted(images, weights: weights, seed: 3)["purified"]
    let actual = try Widen().run(graph).compiled(weights: weights).run(images, seed: 3)
    let moved = zip(expected.doubles, images["x"]!.doubles).map { abs($0 - $1) }
    #expect(moved.max()! > 1e-3)
    #expect(scaledError(actual["purified"]!, expected) <= 1e-9)
  }

  /// What DEFENCE 2.2 gives as the default where the networks are separate.
  @Test func defaultsAreThePublishedOnes() throws {
    let definition = try TestDefinition(file: "graphs/purifiers/published.graph")
    let published = [
      "steps": "40", "epsilon": "16/255", "step_size": "2/255", "norm": "linf", "views": "4",
      "alpha_c": "1", "alpha_r": "50", "alpha_i": "10", "normalise": "none",
    ]
    #expect(try definition.graph("purify") == definition.graph("purify", set: published))
  }

  /// A task of weight 0 needs no weights of its network.
  @Test(arguments: [("alpha_r", "_feature_blocks"), ("alpha_i", "encoder"), ("alpha_c", "heads")])
  func tasksOfNoWeightAreLeftOut(alpha: String, prefix: String) throws {
    let definition = try TestDefinition(file: "graphs/purifiers/published.graph")
    let whole = try definition.graph(set: ["steps": "1"])
    let part = try definition.graph(set: ["steps": "1", alpha: "0"])
    #expect(whole.inputs.contains { $0.name.hasPrefix(prefix) })
    #expect(!part.inputs.contains { $0.name.hasPrefix(prefix) })
  }
}
