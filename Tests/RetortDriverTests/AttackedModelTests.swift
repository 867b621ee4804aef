import RetortDriver
import RetortTensor
import RetortTestSupport
import Testing

/// Models that draw, purifiers that are differentiated, restarts: each against its definition, in
/// f64.
@Suite struct AttackedModelTests {
  static func evaluated(_ text: String) throws -> [String: [Double]] {
    let inputs = ["x": HostTensor.randomImages(2, seed: 31), "y": tensor([3, 7], nil, .i32)]
    let graph = try TestDefinition(text: text + "\n" + Speck.text).graph(inputs: inputs)
    return try graph.interpreted(inputs, weights: graph.randomWeights(seed: 32), seed: 33)
      .outputs.mapValues(\.doubles)
  }

  /// DEFENCE 5.10: the exact slope of a purifier of sign steps is BPDA's where the box was not the
  /// last clamp to act on a pixel, and zero where it was.
  @Test func signStepsAddAMaskOnly() throws {
    let found = try Self.evaluated(
      """
      import "blocks/attacked.graph"

      graph slopes(
        x: f32[n, 3, 32, 32], y: i32[n], key: key[n]
      ) -> (exact: f32[n, 3, 32, 32], masked: f32[n, 3, 32, 32], free: f32[n, 3, 32, 32]) {
        exact, losses, logits = attack_slope(x, y, y, key, model: through, backbone: speck)
        plain, losses, logits = attack_slope(x, y, y, key, model: around, backbone: speck)
        epsilon = 16.0 / 255
        edge = fill(value: epsilon, like: x)
        drawn = uniform(fold(key, 0), shape: [n, 3, 32, 32], low: -epsilon, high: epsilon)
        r, free = repeat i in 0..<3
        with r = into_box(x, drawn), free = select(beyond(drawn, -x, 1 - x), 0.0, 1.0) {
          losses = multitask_loss(x + r, fold(key, i + 1), alpha_c: 0.0, backbone: speck)
          moved = r - 10.0 / 255 * sign(gradient(sum(losses), r))
          balled = clamp(moved, -epsilon, epsilon)
          freed = select(beyond(moved, -edge, edge), 1.0, free)
          yield into_box(x, balled), select(beyond(balled, -x, 1 - x), 0.0, freed)
        }
        return exact, plain * free, free
      }

      graph beyond(r: f32[...s], low: f32[...s], high: f32[...s]) -> bool[...s] {
        return r < low || r > high
      }

      graph signed(
        x: f32[n, 3, 32, 32], key: key[n], backbone: Graph = speck
      ) -> f32[n, 3, 32, 32] {
        return purifier_loop(
          x, key, loss: partial(multitask_loss, alpha_c: 0.0), steps: 3, step_size: 10.0 / 255,
          backbone: backbone)
      }

      graph through(
        x: f32[n, 3, 32, 32], key: key[n], classes: Int = 10, backbone: Graph = speck
      ) -> f32[n, classes] {
        return unrolled_model(x, key, classes: classes, purifier: signed, backbone: backbone)
      }

      graph around(
        x: f32[n, 3, 32, 32], key: key[n], classes: Int = 10, backbone: Graph = speck
      ) -> f32[n, classes] {
        return bpda_model(x, key, classes: classes, purifier: signed, backbone: backbone)
      }
      """)
    let share = sum(found["free"]!) / Double(found["free"]!.count)
    #expect((0.8...0.99).contains(share))
    #expect(magnitude(found["exact"]!) > 0)
    #expect(scaledError(found["exact"]!, found["masked"]!) <= 1e-9)
  }

  @Test func slopesAreMeansOverDraws() throws {
    let found = try Self.evaluated(
      """
      import "blocks/attacked.graph"

      graph slopes(
        x: f32[n, 3, 32, 32], y: i32[n], key: key[n]
      ) -> (
        slope: f32[n, 3, 32, 32], losses: f32[n], value: f32[n], each: f32[3, n, 3, 32, 32],
        last: f32[n]
      ) {
        slope, losses, logits = attack_slope(x, y, y, key, eot: 3, model: noisy, backbone: speck)
        value, logits = attack_value(x, y, y, key, eot: 3, model: noisy, backbone: speck)
        for m in 0..<3 {
          one, last, logits = attack_slope(x, y, y, fold(key, m), model: noisy, backbone: speck)
          row = reshape(one, [1, n, 3, 32, 32])
          if m == 0 {
            each = row
          } else {
            each = concatenate(each, row, axis: 0)
          }
        }
        return slope, losses, value, each, last
      }

      graph noisy(
        x: f32[n, 3, 32, 32], key: key[n], classes: Int = 10, backbone: Graph = speck
      ) -> f32[n, classes] {
        logits, features, map = backbone(x + normal(key, shape: [n, 3, 32, 32]), classes: classes)
        return logits
      }
      """)
    let each = found["each"]!
    let count = each.count / 3
    let mean = (0..<count).map { (each[$0] + each[$0 + count] + each[$0 + 2 * count]) / 3 }
    #expect(scaledError(found["slope"]!, mean) <= 1e-12)
    #expect(scaledError(Array(each[..<count]), mean) > 1e-2)
    #expect(found["losses"]! == found["last"]!)
    #expect(found["value"]! == found["last"]!)
  }

  /// DEFENCE 5.9: with the defender's keys, a deterministic attack sees what the defender answers.
  /// Attack, purifier and classifier are three programs, as in an evaluation.
  @Test func deterministicModelsHaveTheDefendersDraws() throws {
    let definition = try TestDefinition(
      text: """
        import "attacks/bpda.graph"
        import "purifiers/contrastive.graph"
        \(Speck.text)

        graph quick(
          x: f32[n, 3, 32, 32], key: key[n], backbone: Graph = speck
        ) -> (purified: f32[n, 3, 32, 32]) {
          z = purify(x, key, steps: 2, views: 2, backbone: backbone)
          return z
        }

        graph judged(x: f32[n, 3, 32, 32], y: i32[n]) -> (losses: f32[n]) {
          logits, features, map = speck(x)
          return cross_entropy(logits, y)
        }
        """)
    let y = tensor([3, 7], nil, .i32)
    let keys = RandomKeys.input([2], seed: 34)

    /// The loss of the point that the attack found, as it saw it and as the defender's would be.
    func losses(
      _ x: HostTensor, epsilon: String, deterministic: String
    ) throws -> (seen: [Double], own: [Double]) {
      let attacked = ["x": x, "y": y, "key": keys]
      let attack = try definition.graph(
        "attack",
        set: [
          "steps": "2", "eot": "1", "epsilon": epsilon, "deterministic": deterministic,
          "purifier": "quick", "backbone": "speck",
        ], inputs: attacked)
      let weights = attack.randomWeights(seed: 35)
      let found = try attack.interpreted(attacked, weights: weights)
      let defended = ["x": found["best"], "key": keys]
      let purified = try definition.graph("quick", inputs: defended)
        .interpreted(defended, weights: weights)["purified"]
      let answered = ["x": purified, "y": y]
      let own = try definition.graph("judged", inputs: answered)
        .interpreted(answered, weights: weights)["losses"]
      return (found["best_loss"].doubles, own.doubles)
    }

    // A black image in a ball of radius 0 does not move, and x + (purified - x) rounds nothing: the
    // losses are equal to the bit.
    let black = HostTensor(zeros: TensorType([2, 3, 32, 32]))
    let known = try losses(black, epsilon: "0", deterministic: "true")
    #expect(known.seen == known.own)
    let unknown = try losses(black, epsilon: "0", deterministic: "false")
    #expect(zip(unknown.seen, unknown.own).allSatisfy { abs($0 - $1) > 1e-9 })
    let moved = try losses(
      HostTensor.randomImages(2, seed: 31), epsilon: "8/255", deterministic: "true")
    #expect(scaledError(moved.seen, moved.own) <= 1e-12)
  }

  @Test func restartsKeepTheLargestLoss() throws {
    let found = try Self.evaluated(
      """
      import "blocks/adversary.graph"

      graph restarted(
        x: f32[n, 3, 32, 32], y: i32[n], key: key[n]
      ) -> (kept: f32[n], first: f32[n], second: f32[n], third: f32[n]) {
        points = adversary(
          x, y, key, steps: 2, restarts: 3, epsilon: 0.2, step_size: 0.01, backbone: speck)
        kept, logits = attack_value(points, y, y, key, backbone: speck)
        first = run(x, y, key, fold(key, 0))
        second = run(x, y, key, fold(key, 1))
        third = run(x, y, key, fold(key, 2))
        return kept, first, second, third
      }

      graph run(x: f32[n, 3, 32, 32], y: i32[n], key: key[n], fresh: key[n]) -> f32[n] {
        r = ascend(
          x, y, key, fresh, steps: 2, epsilon: 0.2, step_size: 0.01, backbone: speck)
        losses, logits = attack_value(x + r, y, y, key, backbone: speck)
        return losses
      }
      """)
    for image in 0..<2 {
      let losses = ["first", "second", "third"].map { found[$0]![image] }
      #expect(abs(found["kept"]![image] - losses.max()!) <= 1e-9)
      #expect(losses.max()! - losses.min()! > 1e-6)
    }
  }

  @Test func misclassifiedImagesMayRest() throws {
    let found = try Self.evaluated(
      """
      import "blocks/adversary.graph"

      graph rested(
        x: f32[n, 3, 32, 32], y: i32[n], key: key[n]
      ) -> (wrong: f32[n, 3, 32, 32], right: f32[n, 3, 32, 32]) {
        logits = static_model(x, key, backbone: speck)
        top = argmax(logits, axis: 1)
        return search(x, ranked_class(logits), key) - x, search(x, top, key) - x
      }

      graph search(x: f32[n, 3, 32, 32], y: i32[n], key: key[n]) -> f32[n, 3, 32, 32] {
        return adversary(
          x, y, key, steps: 2, random_start: false, still_correct_only: true, backbone: speck)
      }
      """)
    #expect(magnitude(found["wrong"]!) == 0)
    #expect(magnitude(found["right"]!) > 1)
  }
}
