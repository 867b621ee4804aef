import RetortDriver
import RetortIR
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import Testing

/// What holds of every attack: its points stay in the ball and the box, and an image's point does
/// not depend on the images beside it.
@Suite struct AttackTests {
  /// Settings that make each file's attack short.
  static let files: [(String, [String: String])] = [
    ("fgsm", [:]), ("bim", ["steps": "4"]), ("pgd", ["steps": "4", "restarts": "2"]),
    ("cw", ["steps": "4", "still_correct_only": "true"]),
    ("apgd", ["steps": "8", "restarts": "2"]),
    ("apgd_targeted", ["steps": "8"]), ("fab", ["steps": "4", "restarts": "2"]),
    ("fab_targeted", ["steps": "4"]), ("square", ["queries": "20"]),
    ("square_purified", ["queries": "12", "purifier": "light"]),
    ("defence_aware", ["steps": "3", "self_supervised": "partial(multitask_loss, alpha_c: 0)"]),
    ("bpda", ["steps": "3", "eot": "2", "purifier": "light"]),
    ("unrolled", ["steps": "3", "eot": "2", "purifier": "light"]),
  ]

  /// Speck behind two soft steps of rotation and inpainting.
  static let models = """
    import "blocks/defended.graph"
    \(Speck.text)

    graph light(
      x: f32[n, 3, 32, 32], key: key[n], backbone: Graph = speck
    ) -> f32[n, 3, 32, 32] {
      return purifier_loop(
        x, key, loss: partial(multitask_loss, alpha_c: 0.0), steps: 2, soft: true,
        backbone: backbone)
    }
    """

  static func graph(_ file: String, count: Int, _ settings: [String: String]) throws -> Graph {
    try TestDefinition(text: "import \"attacks/\(file).graph\"\n" + models)
      .graph("attack", set: settings.merging(["n": "\(count)", "backbone": "speck"]) { $1 })
  }

  /// Random images, some of whose pixels lie on the box.
  static func images() -> HostTensor {
    let numbers = HostTensor.randomImages(3, seed: 21).doubles.enumerated().map { index, value in
      index % 7 == 0 ? 0 : index % 11 == 0 ? 1 : value
    }
    return HostTensor([3, 3, 32, 32], numbers).converted(to: .f32)
  }

  static let labels = tensor([3, 7, 1], nil, .i32)

  static func expectInside(
    _ found: HostTensor, of images: HostTensor, epsilon: Double, norm: String, _ name: String
  ) {
    #expect(found.doubles.allSatisfy { (0...1).contains($0) }, "\(name) leaves the box")
    for index in 0..<images.shape[0] {
      let row = index..<index + 1
      let r = zip(found.rows(row).doubles, images.rows(row).doubles).map { $0 - $1 }
      let length =
        norm == "linf" ? r.map(abs).max()! : sum(r.map { $0 * $0 }).squareRoot()
      #expect(length <= epsilon * (1 + 1e-6), "\(name): image \(index) moved by \(length)")
    }
  }

  /// The lengths of l2 and l1 are of all pixels, whose rounding adds up.
  @Test(arguments: ["l2", "l1"], [0.5, 0.01])
  func settledPointsLieInTheirBall(norm: String, epsilon: Double) throws {
    let graph = try TestDefinition(
      text: """
        import "blocks/ball.graph"

        graph nearby(
          x: f32[n, 3, 32, 32], key: key[n], epsilon: Float = 1.0, norm: String = "l2"
        ) -> (images: f32[n, 3, 32, 32], raw: f32[n, 3, 32, 32], settled: f32[n, 3, 32, 32]) {
          images = 0.25 + 0.5 * x
          d = normal(key, shape: [n, 3, 32, 32])
          raw = images + epsilon * d / norm_of(d, norm: norm)
          return images, raw, settle(images, raw, epsilon: epsilon, norm: norm)
        }
        """
    ).graph("nearby", set: ["n": "16", "epsilon": "\(epsilon)", "norm": norm])
    let found = try graph.compiled(weights: [:])
      .run(["x": HostTensor.randomImages(16, seed: 23).converted(to: .f32)])
    func lengths(_ name: String) -> [Double] {
      (0..<16).map { index in
        let rows = (found[name]!.rows(index..<index + 1), found["images"]!.rows(index..<index + 1))
        let r = zip(rows.0.doubles, rows.1.doubles).map { $0 - $1 }
        return norm == "l2" ? sum(r.map { $0 * $0 }).squareRoot() : sum(r.map(abs))
      }
    }
    let limit = epsilon * (1 + 1e-6)
    if epsilon == 0.01 { #expect(lengths("raw").contains { $0 > limit }) }
    let half = 0x1p-25 * (norm == "l2" ? 3072.0.squareRoot() : 3072)
    for length in lengths("settled") {
      #expect(length <= limit && length >= epsilon - 2.1 * half, "\(length)")
    }
  }

  /// A small radius is where rounding of x + r shows.
  @Test(arguments: files, [8.0 / 255, 1.0 / 255])
  func pointsStayInBallAndBox(file: (String, [String: String]), epsilon: Double) throws {
    let graph = try Self.graph(file.0, count: 3, file.1.merging(["epsilon": "\(epsilon)"]) { $1 })
    let images = Self.images()
    let found = try graph.compiled(weights: graph.randomWeights(seed: 22))
      .run(["x": images, "y": Self.labels])
    for name in ["adversarial", "best"] {
      if let points = found[name] {
        Self.expectInside(points, of: images, epsilon: epsilon, norm: "linf", name)
      }
    }
    // FAB returns what is near enough only, and gives back the others.
    if let moved = found["best"] ?? (file.0.hasPrefix("fab") ? nil : found["adversarial"]) {
      let r = zip(moved.doubles, images.doubles).map { abs($0 - $1) }
      #expect(r.max()! > epsilon / 2)
    }
  }

  static let lengthFiles = files.filter {
    ["bim", "pgd", "cw", "apgd", "fab"].contains($0.0)
  }

  @Test(arguments: lengthFiles)
  func pointsStayInTheBallOfLengths(file: (String, [String: String])) throws {
    var settings = file.1.merging(["epsilon": "0.5", "norm": "l2"]) { $1 }
    if ["bim", "pgd", "cw"].contains(file.0) { settings["step_size"] = "0.2" }
    let graph = try Self.graph(file.0, count: 3, settings)
    let images = Self.images()
    let found = try graph.compiled(weights: graph.randomWeights(seed: 22))
      .run(["x": images, "y": Self.labels])
    for name in ["adversarial", "best"] {
      if let points = found[name] {
        Self.expectInside(points, of: images, epsilon: 0.5, norm: "l2", name)
      }
    }
  }

  @Test(arguments: files)
  func aRadiusThatNoBallHasIsRefused(file: (String, [String: String])) throws {
    let refusals = [
      ("-0.1", "epsilon is a radius and not below 0: -0.1"),
      ("nan", "epsilon is a radius and not below 0: nan"),
      ("8", "images are in 0...1, and epsilon is 8"),
    ]
    for (epsilon, sentence) in refusals {
      let message = ArtifactTests.refusal {
        let settings = file.1.merging(["epsilon": epsilon]) { $1 }
        _ = try Self.graph(file.0, count: 1, settings)
      }
      #expect(message?.contains(sentence) == true, "\(message ?? "\(epsilon) is taken")")
      #expect(message?.matches(of: /error:/).count == 1, "\(message ?? "\(epsilon) is taken")")
    }
  }

  /// 0 is the step of a search in a ball of radius 0.
  @Test(arguments: ["fgsm", "bim", "pgd", "cw", "defence_aware"])
  func aStepThatIsNoLengthIsRefused(attack: String) throws {
    let refusals = [
      ("-2/255", "step_size is a finite length of 0 or more, not -"),
      ("nan", "step_size is a finite length of 0 or more, not nan"),
      ("inf", "step_size is a finite length of 0 or more, not inf"),
      ("2", "images are in 0...1, and step_size is 2"),
    ]
    let own = Self.files.first { $0.0 == attack }!.1
    for (size, sentence) in refusals {
      let message = ArtifactTests.refusal {
        _ = try Self.graph(attack, count: 1, own.merging(["step_size": size]) { $1 })
      }
      #expect(message?.contains(sentence) == true, "\(message ?? "\(size) is taken")")
      #expect(message?.matches(of: /error:/).count == 1, "\(message ?? "\(size) is taken")")
    }
    _ = try Self.graph(attack, count: 1, own.merging(["step_size": "0"]) { $1 })
  }

  @Test(arguments: ["-1", "inf", "nan"])
  func aWeightThatIsNoFiniteNumberIsRefused(lambda: String) throws {
    let own = Self.files.first { $0.0 == "defence_aware" }!.1
    let message = ArtifactTests.refusal {
      _ = try Self.graph("defence_aware", count: 1, own.merging(["lambda": lambda]) { $1 })
    }
    let sentence = "lambda weighs what is descended and is a finite number of 0 or more, not "
    #expect(
      message?.contains(sentence + lambda) == true, "\(message ?? "\(lambda) is taken")")
  }

  @Test(arguments: files)
  func imagesDoNotDependOnTheirBatch(file: (String, [String: String])) throws {
    let fixed = ConvolutionCostModel(imageCount: ConvolutionCostModel.typicalImageCount)
    let graph = try Self.graph(file.0, count: 3, file.1)
    let weights = graph.randomWeights(seed: 23)
    let inputs = ["x": Self.images(), "y": Self.labels, "key": RandomKeys.input([3], seed: 4)]
    let together = try graph.compiled(weights: weights, convolutions: fixed).run(inputs)
    let single = try Self.graph(file.0, count: 1, file.1)
      .compiled(weights: weights, convolutions: fixed)
    for index in 0..<3 {
      let row = index..<index + 1
      for (name, alone) in try single.run(inputs.mapValues { $0.rows(row) }) {
        #expect(alone == together[name]!.rows(row), "\(name) of image \(index) differs alone")
      }
    }
  }
}
