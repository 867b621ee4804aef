import RetortDriver
import RetortTensor
import RetortTestSupport
import Testing

/// What attacks follow and what they keep: steps along the slope of a loss, the best of turns,
/// queries and restarts. In f64 unless said, so that a sign is nobody's rounding.
@Suite struct AttackLossTests {
  /// An attack's file, Speck, and graphs of a test's own.
  static func definition(_ file: String, _ text: String) throws -> TestDefinition {
    try TestDefinition(text: "import \"attacks/\(file).graph\"\n\(AttackTests.models)\n\(text)")
  }

  static func sign(_ slope: Double) -> Double { slope > 0 ? 1 : slope < 0 ? -1 : 0 }

  /// x + size·sign(slope), cut to the box.
  static func moved(_ x: HostTensor, along slope: [Double], by size: Double) -> [Double] {
    zip(x.doubles, slope).map { pixel, slope in min(max(pixel + size * sign(slope), 0), 1) }
  }

  static func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
  }

  static let judge = """
    graph judged(
      x: f32[n, 3, 32, 32], y: i32[n]
    ) -> (losses: f32[n], slope: f32[n, 3, 32, 32]) {
      logits, features, map = speck(x)
      losses = cross_entropy(logits, y)
      return losses, gradient(sum(losses), x)
    }
    """

  static let signSteps: [(String, [String: String], Double)] = [
    ("fgsm", [:], 8.0 / 255), ("fgsm", ["epsilon": "4/255"], 4.0 / 255),
    ("bim", ["steps": "1"], 2.0 / 255),
  ]

  /// DEFENCE 5.1: without a random start one step is its length times the sign, where the box
  /// allows it.
  @Test(arguments: signSteps)
  func oneStepFollowsTheSign(file: String, settings: [String: String], size: Double) throws {
    let definition = try Self.definition(file, Self.judge)
    let inputs = ["x": AttackTests.images(), "y": AttackTests.labels]
    let attack = try definition.graph(
      "attack", set: settings.merging(["backbone": "speck"]) { $1 }, inputs: inputs)
    let weights = attack.randomWeights(seed: 41)
    let found = try attack.interpreted(inputs, weights: weights)["adversarial"].doubles
    let slope = try definition.graph("judged", inputs: inputs)
      .interpreted(inputs, weights: weights)["slope"].doubles
    let expected = Self.moved(inputs["x"]!, along: slope, by: size)
    let difference = Self.largestDifference(found, expected)
    #expect(difference <= 1e-12, "a pixel is \(difference) away from where the sign leads")
  }

  @Test(arguments: ["fgsm", "bim"])
  func crossEntropyRises(file: String) throws {
    let definition = try Self.definition(file, Self.judge)
    let inputs = ["x": AttackTests.images(), "y": AttackTests.labels]
    let attack = try definition.graph("attack", set: ["backbone": "speck"], inputs: inputs)
    let weights = attack.randomWeights(seed: 42)
    let found = try attack.interpreted(inputs, weights: weights)["adversarial"]
    let judge = try definition.graph("judged", inputs: inputs)
    let losses = try [inputs["x"]!, found].map { images in
      try judge.interpreted(["x": images, "y": AttackTests.labels], weights: weights)["losses"]
        .doubles
    }
    #expect(sum(losses[1]) / 3 > sum(losses[0]) / 3 + 1e-3)
  }

  /// DEFENCE 5.8: up the cross-entropy and down what the defender lowers, in views that are drawn
  /// from the search's own key or from the turn's.
  @Test(arguments: [true, false])
  func defenceAwareStepsWeighBothSlopes(deterministic: Bool) throws {
    let definition = try Self.definition(
      "defence_aware",
      """
      graph slopes(
        x: f32[n, 3, 32, 32], y: i32[n], key: key[n], deterministic: Bool = false
      ) -> (
        ce: f32[n, 3, 32, 32], tasks: f32[n, 3, 32, 32], others: f32[n, 3, 32, 32]
      ) {
        drawn = fold(fold(key, 2), 0)
        if deterministic {
          drawn = key
        }
        logits, features, map = speck(x)
        return gradient(sum(cross_entropy(logits, y)), x),
               gradient(sum(multitask_loss(x, drawn, views: 2, backbone: speck)), x),
               gradient(sum(multitask_loss(x, fold(key, 9), views: 2, backbone: speck)), x)
      }
      """)
    let inputs = [
      "x": AttackTests.images().rows(0..<2), "y": AttackTests.labels.rows(0..<2),
      "key": RandomKeys.input([2], seed: 43),
    ]
    let draws = ["deterministic": "\(deterministic)"]
    let graph = try definition.graph("slopes", set: draws, inputs: inputs)
    let weights = graph.randomWeights(seed: 44)
    let slopes = try graph.interpreted(inputs, weights: weights)
    let ce = slopes["ce"].doubles
    // Weighed so that both slopes are equally long, and either decides signs.
    let lambda = magnitude(ce) / magnitude(slopes["tasks"].doubles)
    func weighed(_ lambda: Double, _ name: String = "tasks") -> [Double] {
      zip(ce, slopes[name].doubles).map { $0 - lambda * $1 }
    }

    let settings = [
      "steps": "1", "random_start": "false", "lambda": "\(lambda)", "backbone": "speck",
    ]
    let found = try definition.graph(
      "attack", set: settings.merging(draws) { $1 }, inputs: inputs
    ).interpreted(inputs, weights: weights)["adversarial"].doubles
    let followed = weighed(lambda)
    let expected = Self.moved(inputs["x"]!, along: followed, by: 2.0 / 255)
    let difference = Self.largestDifference(found, expected)
    #expect(difference <= 1e-12, "a pixel is \(difference) away from where both slopes lead")
    // Another weight, another direction and other views lead elsewhere.
    for other in [weighed(0), weighed(-lambda), weighed(lambda, "others")] {
      let turned = zip(followed, other).count { Self.sign($0) != Self.sign($1) }
      #expect(turned > followed.count / 100)
    }
  }

  static let searches = [
    ("l2", "ce", 0.5), ("l2", "dlr", 0.5), ("linf", "dlr", 8.0 / 255),
  ]

  /// The point of the largest loss is none below the start's, and the loss is that point's.
  @Test(arguments: searches)
  func autoPGDAscendsFromItsStart(norm: String, loss: String, epsilon: Double) throws {
    let definition = try Self.definition(
      "apgd",
      """
      graph ascended(
        x: f32[n, 3, 32, 32], key: key[n], epsilon: Float = 0.5, norm: String = "linf",
        loss: String = "ce"
      ) -> (best: f32[n, 3, 32, 32], largest: f32[n], own: f32[n], first: f32[n]) {
        z, features, map = speck(x)
        y = argmax(z, axis: 1)
        adversarial, best, largest = attack(
          x, y, key, steps: 5, epsilon: epsilon, norm: norm, loss: loss, backbone: speck)
        own, z = attack_value(best, y, y, key, loss: loss, backbone: speck)
        start = apgd_start(x, fold(fold(key, 0), 0), epsilon: epsilon, norm: norm)
        first, z = attack_value(start, y, y, key, loss: loss, backbone: speck)
        return best, largest, own, first
      }
      """)
    let images = AttackTests.images()
    let graph = try definition.graph(
      "ascended", set: ["norm": norm, "loss": loss, "epsilon": "\(epsilon)"],
      inputs: ["x": images])
    let run = try graph.interpreted(["x": images], weights: graph.randomWeights(seed: 45))
    let (largest, first) = (run["largest"].doubles, run["first"].doubles)
    #expect(zip(largest, first).allSatisfy { $0 >= $1 - 1e-12 })
    #expect(sum(largest) > sum(first) + 1e-3)
    #expect(scaledError(run["own"], run["largest"]) <= 1e-9)
    AttackTests.expectInside(run["best"], of: images, epsilon: epsilon, norm: norm, "best")
  }

  /// A test's graph `restarted` on some images, once with each number of searches.
  static func restarted(
    _ file: String, _ text: String, _ images: HostTensor, counts: [Int] = [1, 2]
  ) throws -> [GraphRun] {
    let definition = try Self.definition(file, text)
    let graphs = try counts.map { count in
      try definition.graph("restarted", set: ["restarts": "\(count)"], inputs: ["x": images])
    }
    let weights = graphs[0].randomWeights(seed: 46)
    return try graphs.map { try $0.interpreted(["x": images], weights: weights) }
  }

  /// The first of two searches is the search without restarts: where it went higher its best point
  /// stays, and where it broke the image that point does. The ball is wide, so that the two end
  /// apart.
  @Test func autoPGDKeepsTheBestOfItsRestarts() throws {
    let images = HostTensor.randomImages(12, seed: 47)
    let runs = try Self.restarted(
      "apgd",
      """
      graph restarted(
        x: f32[n, 3, 32, 32], key: key[n], restarts: Int = 1
      ) -> (adversarial: f32[n, 3, 32, 32], best: f32[n, 3, 32, 32], largest: f32[n]) {
        logits, features, map = speck(x)
        y = argmax(logits, axis: 1)
        adversarial, best, largest = attack(
          x, y, key, steps: 2, epsilon: 0.5, restarts: restarts, backbone: speck)
        return adversarial, best, largest
      }
      """, images)
    var kept = 0
    var broken = 0
    for index in 0..<12 {
      let row = index..<index + 1
      let losses = runs.map { $0["largest"].doubles[index] }
      let best = runs.map { $0["best"].rows(row) }
      #expect(losses[1] >= losses[0], "a second search lowers the loss of image \(index)")
      if losses[1] == losses[0] { kept += 1 }
      #expect((best[1] == best[0]) == (losses[1] == losses[0]), "image \(index)")
      let points = runs.map { $0["adversarial"].rows(row) }
      if points[0].doubles != images.rows(row).doubles {
        broken += 1
        #expect(points[1] == points[0], "a second search moves image \(index), which was broken")
      }
    }
    #expect((1..<12).contains(kept), "the first search was the better one of \(kept) of 12 images")
    #expect(broken > 0)
  }

  /// The first of two searches begins at the image like the one without restarts.
  @Test func fabKeepsTheNearestOfItsRestarts() throws {
    let images = HostTensor.randomImages(6, seed: 48)
    let runs = try Self.restarted(
      "fab",
      """
      graph restarted(
        x: f32[n, 3, 32, 32], key: key[n], restarts: Int = 1
      ) -> (adversarial: f32[n, 3, 32, 32], distance: f32[n]) {
        logits, features, map = speck(x)
        y = argmax(logits, axis: 1)
        adversarial, distance = attack(
          x, y, key, steps: 3, epsilon: 0.2, restarts: restarts, backbone: speck)
        return adversarial, distance
      }
      """, images)
    for index in 0..<6 {
      let row = index..<index + 1
      let distances = runs.map { $0["distance"].doubles[index] }
      let points = runs.map { $0["adversarial"].rows(row) }
      #expect(distances[1] <= distances[0])
      if distances[1] == distances[0] {
        #expect(points[1] == points[0], "image \(index)")
      }
    }
    #expect(runs[0]["distance"].doubles.contains { $0 <= 0.2 })
  }

  /// The slope of this model is zero at the image and around it: the first search, which begins
  /// there, finds nothing, and whatever is found later ones find. They begin where the slope leads
  /// out of the image's class, and as the model is convex, no step can stop short of the boundary.
  /// Where they begin is drawn, so that each is the nearest on some images.
  @Test func fabLooksAtEachOfItsRestarts() throws {
    let count = 12
    let grey = [Double](repeating: 0.5, count: count * 3 * 32 * 32)
    let images = HostTensor([count, 3, 32, 32], grey).converted(to: .f32)
    let runs = try Self.restarted(
      "fab",
      """
      graph hollow(
        x: f32[n, 3, 32, 32], key: key[n], classes: Int = 2, backbone: Graph = speck
      ) -> f32[n, classes] {
        far = mean(relu(abs(x - 0.5) - 0.01), axes: [1, 2, 3])
        return concatenate(fill(value: 0.2, shape: [n, 1]), reshape(far, [n, 1]), axis: 1)
      }

      graph restarted(
        x: f32[n, 3, 32, 32], key: key[n], restarts: Int = 1
      ) -> (adversarial: f32[n, 3, 32, 32], distance: f32[n]) {
        y = argmax(hollow(x, key), axis: 1)
        adversarial, distance = attack(
          x, y, key, steps: 2, epsilon: 0.4, restarts: restarts, classes: 2, model: hollow,
          backbone: speck)
        return adversarial, distance
      }
      """, images, counts: [1, 2, 3])
    let distances = runs.map { $0["distance"].doubles }
    #expect(distances[0] == [Double](repeating: 1e10, count: count))
    #expect(runs[0]["adversarial"].doubles == images.doubles)
    for index in 0..<count {
      #expect(distances[1][index] <= 0.4, "the second search finds nothing for image \(index)")
      #expect(distances[2][index] <= distances[1][index], "image \(index)")
      let found = runs[2]["adversarial"].rows(index..<index + 1).doubles
      let length = Self.largestDifference(found, Array(grey.prefix(found.count)))
      #expect(abs(length - distances[2][index]) <= 1e-12, "image \(index) moved by \(length)")
    }
    let nearer = (0..<count).count { distances[2][$0] < distances[1][$0] }
    #expect((1..<count).contains(nearer), "the third search was the nearest \(nearer) times")
  }

  /// Compiled. Queries of a longer search begin with those of a shorter one; the margin is that of
  /// the best point behind the purifier, which draws the same always.
  @Test func marginsBehindAPurifierOnlyFall() throws {
    let definition = try Self.definition(
      "square_purified",
      """
      graph searched(
        x: f32[n, 3, 32, 32], key: key[n], queries: Int = 1
      ) -> (least: f32[n], own: f32[n]) {
        y = argmax(unrolled_model(x, key, purifier: light, backbone: speck), axis: 1)
        adversarial, best, least = attack(
          x, y, key, queries: queries, epsilon: 2.0 / 255, deterministic: true, purifier: light,
          backbone: speck)
        return least, lead(unrolled_model(best, key, purifier: light, backbone: speck), y)
      }
      """)
    let images = ["x": AttackTests.images()]
    var margins: [[Double]] = []
    for queries in ["2", "4", "16"] {
      let graph = try definition.graph("searched", set: ["queries": queries], inputs: images)
      let found = try graph.compiled(weights: graph.randomWeights(seed: 49)).run(images, seed: 50)
      margins.append(found["least"]!.doubles)
      let difference = Self.largestDifference(found["own"]!.doubles, found["least"]!.doubles)
      #expect(difference <= 1e-4, "a margin is not the best point's, but \(difference) off")
    }
    for (fewer, more) in zip(margins, margins.dropFirst()) {
      #expect(zip(fewer, more).allSatisfy { $1 <= $0 + 1e-5 }, "\(fewer) become \(more)")
    }
    #expect(sum(margins[2]) < sum(margins[0]))
  }
}
