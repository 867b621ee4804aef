import RetortDriver
import RetortIR
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import Testing

/// The purifier of all three tasks as one program: the same numbers as the reference, the same bits
/// however it is run.
@Suite struct PurifierTests {
  /// Purification, and classification of what it gives.
  static let text = """
    import "purifiers/multitask.graph"
    \(Speck.text)

    graph answered(
      x: f32[n, 3, 32, 32], key: key[n], steps: Int = 1, norm: String = "linf",
      epsilon: Float = 16.0 / 255, step_size: Float = 2.0 / 255, alpha_c: Float = 1.0,
      backbone: Graph = speck
    ) -> (purified: f32[n, 3, 32, 32], logits: f32[n, 10]) {
      z = purify(x, key, steps: steps, norm: norm, epsilon: epsilon, step_size: step_size,
                 views: 2, alpha_c: alpha_c, alpha_r: 2.0, alpha_i: 10.0, backbone: backbone)
      logits, features, map = backbone(z)
      return z, logits
    }
    """
  static let definition = try! TestDefinition(text: text)
  static let lengthSteps = ["norm": "l2", "epsilon": "1.0", "step_size": "0.05"]

  static func graph(_ count: Int, _ settings: [String: String]) throws -> Graph {
    try definition.graph(
      "answered", set: settings.merging(["n": "\(count)"]) { $1 })
  }

  /// Steps of the optimised program, all of it in f64, against the interpreted definition.
  @Test(arguments: Repository.runsLongTests ? [1, 5, 40] : [1, 5])
  func optimisedEqualsReferenceInDouble(steps: Int) throws {
    let graph = try Self.graph(2, Self.lengthSteps.merging(["steps": "\(steps)"]) { $1 })
    let weights = graph.randomWeights(seed: 5)
    let images = ["x": HostTensor.randomImages(2, seed: 6)]
    let expected = try graph.interpreted(images, weights: weights, seed: 3)
    let actual = try Widen().run(graph).compiled(weights: weights).run(images, seed: 3)
    let moved = zip(expected["purified"].doubles, images["x"]!.doubles).map { $0 - $1 }
    #expect(magnitude(moved) > 0.01)
    for name in ["purified", "logits"] {
      let error = scaledError(actual[name]!, expected[name])
      #expect(error <= 1e-9, "\(name) is off by \(error) after \(steps) steps")
    }
  }

  @Test func optimisedFollowsReferenceInFloat() throws {
    let graph = try Self.graph(2, Self.lengthSteps.merging(["steps": "3"]) { $1 })
    let weights = graph.randomWeights(seed: 5)
    let images = ["x": HostTensor.randomImages(2, seed: 6)]
    let expected = try graph.interpreted(images, weights: weights, seed: 3)
    let actual = try graph.compiled(weights: weights).run(images, seed: 3)
    for name in ["purified", "logits"] {
      let error = scaledError(actual[name]!, expected[name])
      #expect(error <= 1e-4, "\(name) is off by \(error)")
    }
  }

  @Test(arguments: ["speck", "thin"])
  func bitsDoNotDependOnThreads(backbone: String) throws {
    let graph = try Self.graph(3, ["steps": "2", "backbone": backbone])
    let planned = try Pipeline.run(graph, through: .planned).graph
    let isShort = backbone == "thin" && !Repository.runsLongTests
    for backend in isShort ? [Backend.auto] : [.auto, .simd, .blas] {
      try Self.expectSameBits(planned, backend)
    }
  }

  static func expectSameBits(_ planned: Graph, _ backend: Backend) throws {
    let weights = planned.randomWeights(seed: 7)
    let images = ["x": HostTensor.randomImages(3, seed: 8)]
    let first = try planned.program(weights: weights, backend: backend, threadCount: 1)
    let expected = try first.run(images, seed: 1)
    #expect(try first.run(images, seed: 1) == expected)
    for count in [2, 3] {
      let program = try planned.program(weights: weights, backend: backend, threadCount: count)
      for run in 1...2 {
        let found = try program.run(images, seed: 1)
        #expect(found == expected, "\(backend) on \(count) threads, run \(run)")
      }
    }
  }

  @Test(arguments: Repository.runsLongTests ? ["speck", "thin"] : ["thin"])
  func imagesDoNotDependOnTheirBatch(backbone: String) throws {
    let settings = ["steps": "2", "backbone": backbone]
    let graph = try Self.graph(3, settings)
    let weights = graph.randomWeights(seed: 9)
    let images = HostTensor.randomImages(3, seed: 10)
    let keys = RandomKeys.input([3], seed: 2)
    let fixed = ConvolutionCostModel(imageCount: ConvolutionCostModel.typicalImageCount)
    let together = try graph.compiled(weights: weights, convolutions: fixed)
      .run(["x": images, "key": keys])
    let single = try Self.graph(1, settings).compiled(weights: weights, convolutions: fixed)
    for index in 0..<3 {
      let alone = try single.run([
        "x": images.rows(index..<index + 1), "key": keys.rows(index..<index + 1),
      ])
      for (name, tensor) in alone {
        #expect(
          tensor == together[name]!.rows(index..<index + 1),
          "\(name) of image \(index) differs alone")
      }
    }
  }

  @Test func keysDecideWhatIsDrawn() throws {
    let graph = try Self.graph(1, ["alpha_c": "0"])
    let program = try graph.compiled(weights: graph.randomWeights(seed: 11))
    let images = ["x": HostTensor.randomImages(1, seed: 12)]
    #expect(try program.run(images, seed: 1) != program.run(images, seed: 2))
  }

  /// Each of the three graphs that use a radius by themselves says so, and nothing besides.
  @Test(arguments: ["multitask", "random", "alternating"], ["0", "-0.1", "nan"])
  func aRadiusIsAboveZero(purifier: String, epsilon: String) throws {
    let definition = try TestDefinition(file: "graphs/purifiers/\(purifier).graph")
    let message = ArtifactTests.refusal {
      _ = try definition.graph("purify", set: ["epsilon": epsilon])
    }
    #expect(message?.contains("epsilon is a radius above 0, not \(epsilon)") == true)
    #expect(message?.matches(of: /error:/).count == 1, "\(message ?? "it is taken")")
  }

  @Test(arguments: [
    ("multitask", ["step_size": "nan"], "step_size is a finite length of 0 or more, not nan"),
    ("alternating", ["step_size": "2"], "images are in 0...1, and step_size is 2"),
    ("multitask", ["alpha_c": "nan"], "a weight is a finite number, but contrastive has nan"),
    ("multitask", ["alpha_j": "inf"], "a weight is a finite number, but jigsaw has inf"),
    ("published", ["alpha_i": "-inf"], "a weight is a finite number, not -inf"),
    ("alternating", ["alpha_r": "inf"], "weights of tasks are finite, not 1.0, inf and 10.0"),
    (
      "multitask", ["alpha_c": "0", "alpha_r": "0", "alpha_i": "0"],
      "every task has the weight 0, which leaves nothing to lower"
    ),
    (
      "published", ["alpha_c": "0", "alpha_r": "0", "alpha_i": "0"],
      "every task has the weight 0, which leaves nothing to lower"
    ),
  ])
  func stepsAndWeightsAreNumbers(
    purifier: String, settings: [String: String], sentence: String
  ) throws {
    let definition = try TestDefinition(file: "graphs/purifiers/\(purifier).graph")
    let message = ArtifactTests.refusal { _ = try definition.graph("purify", set: settings) }
    #expect(message?.contains(sentence) == true, "\(message ?? "it is taken")")
    #expect(message?.matches(of: /error:/).count == 1, "\(message ?? "it is taken")")
  }

  @Test func aTrainingHasNoNegativeNumberOfAttackSteps() throws {
    let definition = try TestDefinition(file: "graphs/training/classifier.graph")
    let message = ArtifactTests.refusal {
      _ = try definition.graph("train_classifier", set: ["attack_steps": "-3"])
    }
    #expect(message?.contains("attack_steps is 0 or more, not -3") == true)
  }

  @Test(arguments: ["linf", "l2", "l1"])
  func purifiedImagesStayInBallAndBox(norm: String) throws {
    let epsilon = ["linf": 16.0 / 255, "l2": 1.0, "l1": 20.0][norm]!
    let graph = try Self.graph(
      2,
      [
        "steps": "4", "norm": norm, "epsilon": "\(epsilon)", "step_size": "\(epsilon / 2)",
        "alpha_c": "0",
      ])
    let images = HostTensor.randomImages(2, seed: 13)
    let purified = try graph.compiled(weights: graph.randomWeights(seed: 14))
      .run(["x": images])["purified"]!
    #expect(purified.doubles.allSatisfy { (0...1).contains($0) })
    for index in 0..<2 {
      let row = index..<index + 1
      let r = zip(purified.rows(row).doubles, images.rows(row).doubles).map { $0 - $1 }
      let length =
        switch norm {
        case "linf": r.map(abs).max()!
        case "l2": sum(r.map { $0 * $0 }).squareRoot()
        default: magnitude(r)
        }
      #expect(length > epsilon / 4)
      #expect(length <= epsilon * (1 + 1e-5))
    }
  }
}
