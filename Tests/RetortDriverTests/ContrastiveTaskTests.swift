import RetortDriver
import RetortTensor
import RetortTestSupport
import Testing

/// What the contrastive task draws, and how many views it takes (DEFENCE 2.3, 3.1).
@Suite struct ContrastiveTaskTests {
  /// The published code draws once for a batch, here with its first image's key: of one image twice
  /// it sees the same twice. With `per_image` each has its own key's views.
  @Test func oneDrawMayServeABatch() throws {
    let definition = try TestDefinition(
      text: """
        import "objectives/contrastive.graph"
        \(Speck.text)

        graph viewed(
          x: f32[n, 3, 32, 32], key: key[n]
        ) -> (
          shared: f32[n, 3, 32, 32], own: f32[n, 3, 32, 32], shared_losses: f32[n],
          own_losses: f32[n]
        ) {
          return view(x, key, per_image: false), view(x, key, per_image: true),
                 contrastive_loss(x, key, views: 2, per_image: false, backbone: speck),
                 contrastive_loss(x, key, views: 2, per_image: true, backbone: speck)
        }
        """)
    let image = HostTensor.randomImages(1, seed: 1).doubles
    let inputs = [
      "x": tensor(image + image, [2, 3, 32, 32], .f32), "key": RandomKeys.input([2], seed: 2),
    ]
    let graph = try definition.graph("viewed", inputs: inputs)
    let run = try graph.interpreted(inputs, weights: graph.randomWeights(seed: 3))
    let (shared, own) = (run["shared"], run["own"])
    #expect(shared.rows(1..<2) == shared.rows(0..<1))
    #expect(own.rows(1..<2) != own.rows(0..<1))
    #expect(shared.rows(0..<1) == own.rows(0..<1))
    let (together, apart) = (run["shared_losses"].doubles, run["own_losses"].doubles)
    #expect(abs(together[1] - together[0]) <= 1e-12)
    #expect(abs(apart[1] - apart[0]) > 1e-6)
    #expect(abs(together[0] - apart[0]) <= 1e-12)
  }

  @Test(arguments: ["bank", "batch"], ["first", "all"])
  func eightViews(negatives: String, positives: String) throws {
    let definition = try TestDefinition(
      text: "import \"objectives/contrastive.graph\"\n" + Speck.text)
    let images = ["x": HostTensor.randomImages(2, seed: 4)]
    let graph = try definition.graph(
      "contrastive_loss",
      set: [
        "views": "8", "negatives": negatives, "positives": positives, "backbone": "speck",
      ], inputs: images)
    let weights = graph.randomWeights(seed: 5)
    let losses = try graph.compiled(weights: weights).run(images, seed: 6)["output"]!
    #expect(losses.doubles.allSatisfy { $0.isFinite && $0 > 0 })
    let expected = try graph.interpreted(images, weights: weights, seed: 6)["output"]
    #expect(scaledError(losses, expected) <= 1e-4)
  }
}
