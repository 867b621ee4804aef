import RetortDriver
import RetortIR
import RetortPasses
import RetortTensor
import RetortTestSupport
import Testing

/// What the further tasks of DEFENCE 3.5 show and ask, how tasks are chosen, and a move of one of
/// the tasks that take turns (DEFENCE 2.5).
@Suite struct TaskTests {
  /// The permutations of 0 to 3 in lexicographic order: numerals of base 4 without equal digits.
  static let orders: [[Int]] = (0..<256).map { (number: Int) -> [Int] in
    [number / 64, number / 16 % 4, number / 4 % 4, number % 4]
  }.filter { Set($0).count == 4 }

  @Test func everyPuzzleShowsItsTilesAndHasItsLabel() throws {
    let count = Self.orders.count
    #expect(count == 24)
    let offsets = (0..<count * 8).map { $0 * 7 % 11 % 3 }
    let x = u([count, 3, 32, 32])
    let results = try evaluate(
      """
      import "objectives/jigsaw.graph"

      graph puzzles(
        x: f32[n, 3, 32, 32], order: i32[n, 4], offsets: f32[n, 4, 2]
      ) -> (shown: f32[n, 3, 32, 32], label: i32[n]) {
        return apply_puzzle(x, order, offsets), permutation_rank(order)
      }
      """,
      [
        "x": x, "order": tensor(Self.orders.joined().map(Double.init), [count, 4], .i32),
        "offsets": tensor(offsets.map(Double.init), [count, 4, 2]),
      ])
    #expect(results["label"] == (0..<count).map(Double.init))

    let given = x.doubles
    var expected: [Double] = []
    for row in 0..<count {
      for channel in 0..<3 {
        for pixel in 0..<1024 {
          let (i, j) = (pixel / 32, pixel % 32)
          let place = i / 16 * 2 + j / 16
          let (down, across) = (i % 16 - 1, j % 16 - 1)
          guard (0..<14).contains(down), (0..<14).contains(across) else {
            expected.append([0.4914, 0.4822, 0.4465][channel])
            continue
          }
          let tile = Self.orders[row][place]
          let cut = (row * 4 + place) * 2
          let top = tile / 2 * 16 + offsets[cut] + down
          let left = tile % 2 * 16 + offsets[cut + 1] + across
          expected.append(given[(row * 3 + channel) * 1024 + top * 32 + left])
        }
      }
    }
    #expect(scaledError(results["shown"]!, expected) <= 1e-6)
  }

  @Test func masksHideHalf() throws {
    let rows = 2 * 40
    let results = try evaluate(
      """
      import "objectives/random_mask.graph"

      graph masks(key: key[n]) -> (hidden: f32[2 * n, 64], pixels: f32[2 * n]) {
        hidden = draw_masks(key)
        return reshape(convert(hidden, type: f32), [2 * n, 64]),
               sum(patch_pixels(hidden), axes: [1, 2, 3])
      }
      """, set: ["n": "40"])
    let hidden = results["hidden"]!
    let masks = (0..<rows).map { Array(hidden[$0 * 64..<$0 * 64 + 64]) }
    #expect(masks.allSatisfy { sum($0) == 32 })
    #expect(Set(masks).count == rows)
    #expect(results["pixels"] == [Double](repeating: 512, count: rows))
  }

  /// A quarter hidden, a head that paints 0.5 everywhere: Σ m·(x - 0.5)² / Σ m is the mean there.
  @Test func maskedLossIsTheMeanOverHiddenValues() throws {
    let definition = try TestDefinition(
      text: """
        import "objectives/random_mask.graph"
        \(Speck.text)

        graph masked(
          x: f32[n, 3, 32, 32], hidden: bool[n, 8, 8]
        ) -> (losses: f32[n], slope: f32[n, 3, 32, 32]) {
          losses = masked_loss(x, hidden, backbone: speck)
          return losses, gradient(sum(losses), x)
        }
        """)
    let x = u([1, 3, 32, 32])
    let inputs = ["x": x, "hidden": tensor((0..<64).map { $0 < 16 ? 1 : 0 }, [1, 8, 8], .bool)]
    let graph = try definition.graph("masked", inputs: inputs)
    var weights = graph.randomWeights(seed: 1)
    for (name, tensor) in weights where name.hasPrefix("heads.mask.conv") {
      weights[name] = HostTensor(zeros: tensor.type)
    }
    let run = try graph.interpreted(inputs, weights: weights)
    // The first two rows of patches are the first eight rows of pixels.
    let pixels = x.doubles
    var squares = 0.0
    for channel in 0..<3 {
      for pixel in 0..<256 {
        let difference = pixels[channel * 1024 + pixel] - 0.5
        squares += difference * difference
      }
    }
    let loss = run["losses"].doubles
    #expect(scaledError(loss, [squares / 768]) <= 1e-9)
    let slope = run["slope"].doubles
    let expected = 2 * (pixels[0] - 0.5) / 768
    #expect(scaledError([slope[0]], [expected]) <= 1e-9)
    #expect(slope[256] == 0)
  }

  @Test func colourDifferences() throws {
    let results = try evaluate(
      """
      import "objectives/colorization.graph"

      graph colours(
        x: f32[n, 3, h, w]
      ) -> (luma: f32[n, 1, h, w], differences: f32[n, 2, h, w]) {
        luma, differences = colour_differences(x)
        return luma, differences
      }
      """, ["x": tensor([1, 0, 0.5, 0, 0, 0.5, 0, 1, 0.5], [1, 3, 1, 3])])
    // Red, blue, grey: Y = 0.299, 0.114, 0.5.
    #expect(scaledError(results["luma"]!, [0.299, 0.114, 0.5]) <= 1e-6)
    // 0.564·(-0.299, 0.886, 0) and 0.713·(0.701, -0.114, 0).
    let differences: [Double] = [-0.168636, 0.499704, 0, 0.499813, -0.081282, 0]
    #expect(scaledError(results["differences"]!, differences) <= 1e-6)
  }

  static let text = """
    import "objectives/multitask.graph"
    import "training/calibration.graph"
    import "training/heads.graph"
    \(Speck.text)

    graph both(
      x: f32[n, 3, 32, 32], key: key[n]
    ) -> (total: f32[n], parts: f32[n]) {
      total = multitask_loss(
        x, key, alpha_c: 0.0, alpha_r: 2.0, alpha_i: 10.0, alpha_m: 3.0, alpha_j: 0.5,
        alpha_k: 20.0, backbone: speck)
      parts = 2 * rotation_loss(x, key, backbone: speck)
        + 10 * inpainting_loss(x, key, backbone: speck)
        + 3 * random_mask_loss(x, key, backbone: speck)
        + 0.5 * jigsaw_loss(x, key, backbone: speck)
        + 20 * colorization_loss(x, key, backbone: speck)
      return total, parts
    }

    graph slopes(
      x: f32[n, 3, 32, 32], key: key[n]
    ) -> (mask: f32[n, 3, 32, 32], jigsaw: f32[n, 3, 32, 32], colour: f32[n, 3, 32, 32]) {
      return gradient(sum(random_mask_loss(x, key, backbone: speck)), x),
             gradient(sum(jigsaw_loss(x, key, backbone: speck)), x),
             gradient(sum(colorization_loss(x, key, backbone: speck)), x)
    }
    """
  static let definition = try! TestDefinition(text: text)
  static let further = "mask,jigsaw,colour"

  static func weightNames(_ graph: Graph) -> [String] {
    graph.inputs.filter { $0.role.isWeight }.map(\.name)
  }

  @Test func theTotalIsTheWeighedSum() throws {
    let graph = try Self.definition.graph("both", set: ["n": "2"])
    let run = try graph.interpreted(
      ["x": HostTensor.randomImages(2, seed: 1)], weights: graph.randomWeights(seed: 2), seed: 3)
    #expect(scaledError(run["total"], run["parts"]) <= 1e-12)
  }

  @Test func tasksWithoutWeightAreNotInTheGraph() throws {
    let settings = ["n": "2", "backbone": "speck"]
    let usual = Self.weightNames(try Self.definition.graph("multitask_loss", set: settings))
    for head in ["mask", "jigsaw", "colour"] {
      #expect(!usual.contains { $0.hasPrefix("heads.\(head).") })
    }
    for (alpha, head) in [("alpha_m", "mask"), ("alpha_j", "jigsaw"), ("alpha_k", "colour")] {
      var chosen = settings.merging([alpha: "1"]) { $1 }
      for other in ["alpha_c", "alpha_r", "alpha_i"] { chosen[other] = "0" }
      let names = Self.weightNames(try Self.definition.graph("multitask_loss", set: chosen))
        .filter { $0.hasPrefix("heads.") }
      #expect(!names.isEmpty && names.allSatisfy { $0.hasPrefix("heads.\(head).") })
    }
  }

  @Test func calibrationMeasuresSlopes() throws {
    let images = ["x": HostTensor.randomImages(2, seed: 4)]
    let slopes = try Self.definition.graph("slopes", inputs: images)
    let weights = slopes.randomWeights(seed: 5)
    let expected = try slopes.interpreted(images, weights: weights, seed: 6)
    let found = try Self.definition.graph(
      "calibrate", set: ["tasks": Self.further, "backbone": "speck"], inputs: images
    ).interpreted(images, weights: weights, seed: 6)
    for task in ["mask", "jigsaw", "colour"] {
      let each = (0..<2).map { magnitude(expected[task].rows($0..<$0 + 1).doubles) }
      #expect(scaledError(found[task].doubles, each) <= 1e-12, "\(task)")
    }
    #expect(found["rotation"].doubles == [0, 0])
  }

  @Test(arguments: ["train_heads", "train_heads_adversarially"])
  func chosenHeadsLearnAlone(entry: String) throws {
    let graph = try Self.definition.graph(
      entry, set: ["n": "4", "tasks": Self.further, "backbone": "speck"])
    let updates = graph.updatedWeights
    #expect(updates.contains("heads.jigsaw.linear.weight"))
    #expect(updates.contains("heads.mask.bn.0.running_var"))
    #expect(
      updates.allSatisfy { name in
        name.hasPrefix("optimiser.")
          || ["mask", "jigsaw", "colour"].contains { name.hasPrefix("heads.\($0).") }
      })
    let usual = try Self.definition.graph(entry, set: ["n": "4", "backbone": "speck"])
    #expect(!Self.weightNames(usual).contains { $0.hasPrefix("heads.mask.") })
  }

  /// Everything is drawn per image, so that an image alone has the loss that it has among others.
  @Test func tasksDoNotDependOnTheBatch() throws {
    let images = HostTensor.randomImages(3, seed: 7)
    let keys = RandomKeys.input([3], seed: 8)
    let graph = try Self.definition.graph("slopes", set: ["n": "3"])
    let weights = graph.randomWeights(seed: 9)
    let together = try graph.interpreted(["x": images, "key": keys], weights: weights)
    let single = try Self.definition.graph("slopes", set: ["n": "1"])
    for index in 0..<3 {
      let row = index..<index + 1
      let alone = try single.interpreted(
        ["x": images.rows(row), "key": keys.rows(row)], weights: weights)
      for (name, tensor) in alone.outputs {
        #expect(
          scaledError(tensor, together[name].rows(row)) <= 1e-12, "\(name) of image \(index)")
      }
    }
  }

  /// r ← box(ball(r - a·n(g)·share)) with a·share = 0.02 and a ball of 16/255, by hand.
  @Test func aMoveOfOneTask() throws {
    let results = try evaluate(
      """
      import "blocks/alternating_loop.graph"

      graph moves(
        x: f32[n, c, h, w], r: f32[n, c, h, w], g: f32[n, c, h, w], share: f32[n]
      ) -> (image: f32[n, c, h, w], channel: f32[n, c, h, w], still: f32[n, c, h, w]) {
        return share_step(x, r, g, share, step_size: 0.08),
               share_step(x, r, g, share, step_size: 0.08, direction: "channel_max"),
               share_step(x, r, 0 * g, share, step_size: 0.08)
      }
      """,
      [
        "x": tensor([0.5, 0.5, 0.5, 0.02], [1, 2, 1, 2]),
        "r": tensor([0, 0, 0.06, -0.018], [1, 2, 1, 2]),
        "g": tensor([2, -4, -1, 1], [1, 2, 1, 2]), "share": vector(0.25),
      ])
    #expect(agrees(results["image"]!, "-0.010000 0.020000 0.062745 -0.020000"))
    #expect(agrees(results["channel"]!, "-0.020000 0.020000 0.062745 -0.020000"))
    #expect(agrees(results["still"]!, "0.000000 0.000000 0.060000 -0.018000"))
  }
}
