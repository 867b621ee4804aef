import Foundation
import RetortDefence
import RetortDriver
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// Evaluations of the shipped demo network on a few drawn images.
struct EvaluatorTests {
  private let space: TemporaryFolder
  private static let images = SyntheticSet.test(count: 10)

  init() throws { space = try TemporaryFolder() }

  private static let arms = """
    {"name": "none"},
    {"name": "rotation", "purifier": "purifiers/rotation.graph", "set": {"steps": 2}}
    """
  private static let attacks = """
    {"name": "clean"},
    {"name": "PGD", "graph": "attacks/pgd.graph", "set": {"steps": 2}},
    {"name": "suite", "suite": "autoattack-rand", "epsilon": "4/255", "set": {"steps": 1, "eot": 1}}
    """
  private static let rest = """
    "comparisons": [{"name": "H1", "a": "rotation", "b": "none", "attack": "PGD"}],
    "sweeps": [{"name": "radius", "attack": "PGD", "arms": ["none"], "values": ["1/255", "8/255"],
                "images": 5},
               {"name": "steps", "attack": "PGD", "arms": ["rotation"], "set": "steps",
                "values": [1, 2], "images": 5}],
    "losses": {"graph": "training/evaluation.graph", "entry": "evaluate_heads",
               "set": {"tasks": "rotation"}, "tasks": ["rotation"], "attacks": ["clean", "PGD"], "arms": ["rotation"],
               "images": 4},
    "gallery": {"attack": "PGD", "arm": "rotation", "images": 2}
    """

  private func recipe(
    arms: String = arms, attacks: String = attacks, _ rest: String = rest, batch: Int = 5
  ) throws -> EvaluationRecipe {
    try EvaluationRecipe(
      reading: space.write(
        """
        {"kind": "evaluation", "backbone": "tiny", "batch": \(batch), "seeds": [0, 3],
         "weights": ["classifier-synthetic.safetensors", "heads-synthetic.safetensors"],
         "arms": [\(arms)], "attacks": [\(attacks)]\(rest.isEmpty ? "" : ", " + rest)}
        """, to: "recipe.json"))
  }

  private func evaluator(
    _ recipe: EvaluationRecipe, cache: String = "cache", images: ImageSet = images,
    weights: [String] = [], shard: Evaluator.Shard = .whole, threads: Int = 1,
    listener: Listener = Listener()
  ) throws -> Evaluator {
    var request = Request(path: "", library: Repository.library)
    request.threadCount = threads
    request.weightPaths = weights
    return try Evaluator(
      recipe, images: images, data: "images", request: request, program: "test",
      cache: space.file(cache), shard: shard, observer: listener)
  }

  private func report(_ shards: [EvaluationShard]) throws -> [UInt8] {
    try ReportJSON.bytes(try EvaluationResults.merge(shards))
  }

  @Test func everythingIsMeasuredAndComesBackFromTheCacheTheSame() throws {
    let (recipe, listener) = (try recipe(), Listener())
    let first = try evaluator(recipe, listener: listener)
    let shard = try first.run()
    // Of its attack's steps too, not of finished blocks alone.
    #expect(listener.reports.count > 3 * first.computedBlockCount)
    let results = try EvaluationResults.merge([shard])
    let bytes = try ReportJSON.bytes(results)
    try check(results)
    // The classifier and the recipe's two arms; those of the sweeps are let go.
    #expect(first.compiledArmCount == 3)

    // Nothing is computed again.
    let second = try evaluator(recipe, threads: 2)
    #expect(try report([second.run()]) == bytes)
    #expect(second.computedBlockCount == 0)
    #expect(second.timing.parts.map(\.name) == first.timing.parts.map(\.name))

    // A killed run left half of it, and a file is damaged.
    let folder = space.file("cache")
    let files = try InputFile.names(inFolder: folder)
    for (number, file) in files.enumerated() where number % 2 == 0 {
      try FileManager.default.removeItem(atPath: folder + "/" + file)
    }
    var damaged = try InputFile.read(folder + "/" + files[1])
    damaged[damaged.count - 3] ^= 0x40
    try space.write(damaged, to: "cache/" + files[1])
    let third = try evaluator(recipe, threads: 2)
    #expect(try report([third.run()]) == bytes)
    #expect((1..<first.computedBlockCount).contains(third.computedBlockCount))

    // Two processes with caches of their own.
    let parts = try (0..<2).map { index in
      try evaluator(recipe, cache: "cache-\(index)", shard: .init(index: index, count: 2)).run()
    }
    #expect(try report(parts.reversed()) == bytes)
  }

  /// What the figures must be, from the graphs run by themselves.
  private func check(_ results: EvaluationResults) throws {
    let labels = Self.images.labels
    func answers(_ arm: String, _ attack: String, seed: UInt64 = 0) -> [Int] {
      results.cells.first { $0.arm == arm && $0.attack == attack && $0.seed == seed }!.answers
    }
    #expect(results.labels == labels)
    let plain = try runner("blocks/classify.graph", [])
    #expect(try plain.run(Self.images.pixels).predictions == answers("none", "clean"))
    #expect(answers("none", "PGD") == answers("none", "PGD", seed: 3))

    // The same arm by hand, under another batch.
    let rotation = try runner("purifiers/rotation.graph", [("steps", "2")], seed: 3, batch: 10)
    let purified = try rotation.run(Self.images.pixels)
    #expect(try plain.run(purified).predictions == answers("rotation", "clean", seed: 3))

    let names = results.attacks.map(\.name)
    #expect(
      names == ["clean", "PGD", "suite", "PGD, radius 1/255", "PGD, radius 8/255"])
    let epsilons = [0, 8, 4, 1, 8].map { Double($0) / 255 }
    for (attack, epsilon) in zip(results.attacks, epsilons) {
      #expect(attack.epsilon == epsilon)
      #expect(attack.greatestDistance <= epsilon * (1 + 1e-6), "\(attack.name)")
      #expect(attack.leastPixel >= 0 && attack.greatestPixel <= 1)
    }
    #expect(results.attacks.map(\.walk?.steps) == [nil, 2, nil, 2, 2])
    #expect(results.attacks[1].walk?.stepSize == 2.0 / 255)
    #expect(results.attacks[0].unperturbed == 10)
    #expect(results.attacks[1].unperturbed == 0)
    // A suite returns what it does not break as it was.
    let robust = zip(answers("none", "suite"), labels).count { $0 == $1 }
    let wrong = zip(answers("none", "clean"), labels).count { $0 != $1 }
    #expect(results.attacks[2].unperturbed == robust + wrong)
    // A sweep's middle value is the arm itself.
    #expect(
      answers("rotation, steps 2", "PGD") == Array(answers("rotation", "PGD").prefix(5)))
    #expect(
      results.losses.map(\.points.name) == ["clean", "clean, purified by rotation", "PGD"]
        .flatMap { [$0] } + ["PGD, purified by rotation"])
    #expect(results.losses.allSatisfy { $0.task == "rotation" && $0.values.count == 5 })
    #expect(results.sweeps.map(\.images) == [5, 5])
    #expect(results.gallery.map(\.image) == [0, 1])
    #expect(results.gallery[0].panels.count == 5)
  }

  private func runner(
    _ file: String, entry: String? = nil, _ settings: [(name: String, value: String)],
    seed: UInt64 = 0, batch: Int = 4
  ) throws -> BatchRunner {
    var request = Request(path: Repository.library.path(file), library: Repository.library)
    request.entry = entry
    request.settings = settings + [("backbone", "tiny")]
    request.seed = seed
    request.fixesAlgorithms = true
    request.weightPaths = ["classifier-synthetic", "heads-synthetic"].map {
      Repository.library.path("weights/\($0).safetensors")
    }
    return try BatchRunner(request, batch: batch, height: 32, width: 32)
  }

  /// Attacks through the purifier, one for each arm, and the same with the defender's draws.
  @Test func anAttackMayGoThroughEachArm() throws {
    let attacks = ["attacker", "defender"].map { holder in
      """
      {"name": "\(holder)", "graph": "attacks/bpda.graph",
       "set": {"steps": 1, "eot": 1, "deterministic": true},
       "through": true, "keys": "\(holder)", "purifier": {"steps": 1}, "result": "best",
       "images": 4}
      """
    }
    let results = try EvaluationResults.merge([
      try evaluator(recipe(attacks: attacks.joined(separator: ","), "")).run()
    ])
    #expect(results.attacks.map(\.arm) == ["none", "rotation", "none", "rotation"])
    #expect(results.attacks.allSatisfy { $0.images == 4 && $0.level == .t2 })
    #expect(Set(results.attacks.map(\.sha256)).count == 4)
    #expect(results.attacks[2].settings["keys"] == "defender")
    #expect(results.cells.map(\.answers.count) == [Int](repeating: 4, count: 8))
    // The arm without defence has no steps to set.
    #expect(results.attacks.map { $0.settings["purifier.steps"] } == [nil, "1", nil, "1"])
  }

  /// An attack through every arm, of one step and one draw.
  private static func through(_ purifier: String, images: Int = 2) -> String {
    """
    {"name": "T2", "graph": "attacks/bpda.graph", "set": {"steps": 1, "eot": 1}, "through": true,
     "purifier": {\(purifier)}, "images": \(images)}
    """
  }

  @Test func aSettingOfNoAttackedPurifierIsRefused() throws {
    let text = try complaint {
      _ = try evaluator(recipe(attacks: Self.through(#""sofft": true"#), "")).run()
    }
    #expect(text.contains(#"error: the attack "T2" sets 'sofft' of the purifier, which no"#))
    #expect(text.contains("did you mean 'soft'?"))
    let bare = try complaint {
      _ = try evaluator(
        recipe(arms: #"{"name": "none"}"#, attacks: Self.through(#""soft": true"#), "")
      ).run()
    }
    #expect(bare.contains("sets 'soft' of the purifier"))
  }

  /// Lists as `--set` takes them, without brackets and quotation marks.
  @Test func anAttackGoesThroughAPurifierWithLists() throws {
    let purifier = try space.write(
      """
      import "models/tiny.graph"

      graph purify(
        x: f32[n, 3, 32, 32], key: key[n], shifts: [Float] = [0.0, 0.0, 0.0],
        words: [String] = ["none"], backbone: Graph = tiny
      ) -> (purified: f32[n, 3, 32, 32]) {
        return min(max(x + reshape(shifts, [1, 3, 1, 1]), 0), 1)
      }
      """, to: "shift.graph")
    let arm = """
      {"name": "shift", "purifier": "\(purifier)",
       "set": {"shifts": "0.01,0.02,0.03", "words": "one, two"}}
      """
    let shifts: [String?] = ["0.5, 0.0, 0.0", "[0.5, 0.0, 0.0]", "0.01, 0.02, 0.03", nil]
    let attacks = shifts.enumerated().map { number, list in
      let setting = list.map { "\"shifts\": \"\($0)\"" } ?? ""
      return Self.through(setting).replacing("T2", with: "attack \(number)")
    }
    let results = try EvaluationResults.merge([
      try evaluator(recipe(arms: arm, attacks: attacks.joined(separator: ","), "")).run()
    ])
    #expect(results.attacks.allSatisfy { $0.arm == "shift" })
    #expect(results.attacks.map { $0.settings["purifier.shifts"] } == shifts)
    // The points go with what the list says, the attacker's or else the arm's.
    let points = results.attacks.map(\.sha256)
    #expect(points[0] == points[1] && points[2] == points[3])
    #expect(points[0] != points[2])
  }

  @Test func lossesMayTakeLabels() throws {
    let graph = try space.write(
      """
      import "blocks/loss.graph"
      import "models/tiny.graph"

      graph measure(
        x: f32[n, 3, 32, 32], y: i32[n], backbone: Graph = tiny
      ) -> (loss: f32[n]) {
        logits, features, map = backbone(x)
        return cross_entropy(logits, y)
      }
      """, to: "measure.graph")
    let losses = #""losses": {"graph": "\#(graph)", "attacks": ["clean"], "images": 5}"#
    let results = try EvaluationResults.merge([
      try evaluator(
        recipe(arms: #"{"name": "none"}"#, attacks: #"{"name": "clean"}"#, losses)
      ).run()
    ])
    #expect(results.losses.map(\.task) == ["loss"])
    #expect(results.losses[0].values.count == 5)
    #expect(results.losses[0].values.allSatisfy { $0 >= 0 })
  }

  /// Objectives on a shared backbone leave the number of classes to it.
  @Test func otherNumbersOfClassesReachTheObjectives() throws {
    let path = Repository.library.path("weights/classifier-synthetic.safetensors")
    let tensors = try TensorFile.read(path).map { stored -> (name: String, tensor: HostTensor) in
      let tensor = stored.tensor
      guard stored.name.hasPrefix("linear.") else { return (stored.name, tensor) }
      let shape = Shape([5] + tensor.shape.extents.dropFirst())
      let bytes = Array(tensor.bytes.prefix(tensor.bytes.count / 2))
      return (stored.name, HostTensor(tensor.type.with(shape), bytes: bytes))
    }
    let five = try space.write(tensors, to: "five.safetensors")
    let attack = Self.through(#""soft": true"#, images: 5)
    let recipe = try EvaluationRecipe(
      reading: space.write(
        """
        {"kind": "evaluation", "backbone": "tiny", "batch": 5, "images": 5,
         "classes": ["a", "b", "c", "d", "e"], "weights": ["heads-synthetic.safetensors"],
         "arms": [{"name": "rotation", "purifier": "purifiers/rotation.graph",
                   "set": {"steps": 1}}],
         "attacks": [{"name": "clean"}, \(attack)]}
        """, to: "five.json"))
    let images = ImageSet(pixels: Self.images.pixels, labels: (0..<10).map { $0 % 5 })
    let results = try EvaluationResults.merge([
      try evaluator(recipe, images: images, weights: [five]).run()
    ])
    #expect(results.backbone == "tiny")
    #expect(results.cells.map(\.answers.count) == [5, 5])
    #expect(results.cells.allSatisfy { $0.answers.allSatisfy { $0 < 5 } })
  }

  /// The model has another number by default, which its file says.
  @Test func theNumberOfClassesReachesModelsOfAnyDefault() throws {
    let four = try space.write(
      """
      import "models/tiny.graph"

      graph four(
        x: f32[n, 3, 32, 32], classes: Int = 4, train: Bool = false
      ) -> (logits: f32[n, classes], features: f32[n, 64], map: f32[n, 64, 4, 4]) {
        logits, features, map = tiny(x, classes: classes, train: train)
        return logits, features, map
      }
      """, to: "four.graph")
    let names = (0..<10).map { "\"class \($0)\"" }.joined(separator: ", ")
    let answers = try [four, "tiny"].map { backbone in
      let recipe = try EvaluationRecipe(
        reading: space.write(
          """
          {"kind": "evaluation", "backbone": "\(backbone)", "batch": 5, "images": 5,
           "classes": [\(names)],
           "weights": ["classifier-synthetic.safetensors", "heads-synthetic.safetensors"],
           "arms": [{"name": "rotation", "purifier": "purifiers/rotation.graph",
                     "set": {"steps": 1}}],
           "attacks": [{"name": "clean"}, \(Self.through(#""soft": true"#, images: 5))]}
          """, to: "recipe.json"))
      return try EvaluationResults.merge([try evaluator(recipe).run()]).cells.map(\.answers)
    }
    #expect(answers[0].map(\.count) == [5, 5])
    #expect(answers[0] == answers[1])
  }

  @Test func otherSettingsWeightsAndImagesAreOtherBlocks() throws {
    let attacks = #"{"name": "PGD", "graph": "attacks/pgd.graph", "set": {"steps": 1}}"#
    let arms = #"{"name": "none"}"#
    _ = try evaluator(recipe(arms: arms, attacks: attacks, "")).run()
    let other = attacks.replacingOccurrences(of: "1}", with: #"1, "loss": "margin"}"#)
    let changed = try evaluator(recipe(arms: arms, attacks: other, ""))
    _ = try changed.run()
    #expect(changed.computedBlockCount == 4)
    let fewer = try evaluator(recipe(arms: arms, attacks: attacks, ""))
    _ = try fewer.run()
    #expect(fewer.computedBlockCount == 0)
    let moved = try evaluator(
      recipe(arms: arms, attacks: attacks, ""), images: Self.images.slice(1..<10))
    _ = try moved.run()
    #expect(moved.computedBlockCount == 4)
  }

  @Test func wrongRecipesAreRefusedWithASentence() throws {
    func refusal(arms: String = #"{"name": "none"}"#, attacks: String, _ rest: String = "")
      -> String
    {
      (try? complaint { _ = try evaluator(recipe(arms: arms, attacks: attacks, rest)).run() })
        ?? "another error"
    }
    let pgd = #"{"name": "PGD", "graph": "attacks/pgd.graph"}"#
    let renamed = #"{"name": "PGD, purified by none", "graph": "attacks/pgd.graph"}"#
    func known(_ set: String) -> String {
      """
      {"name": "T2", "graph": "attacks/bpda.graph", "through": true, "keys": "defender",
       "set": {\(set)}}
      """
    }
    func with(_ field: String) -> String { pgd.dropLast() + ", " + field + "}" }
    for (attack, sentence) in [
      (with(#""epsilon": 0"#), "expected a radius above 0"),
      (with(#""epsilon": "nan""#), "expected a number of 0 or more"),
      (with(#""epsilon": "8/0""#), "expected a number of 0 or more"),
      (with(#""set": {"epsilon": 0.1}"#), "which has a key of its own"),
      (with(#""arms": []"#), "is empty"), (with(#""images": 9223372036854775807"#), "more than"),
      (with(#""epsilom": 0.1"#), #"did you mean "epsilon"?"#),
      (with(#""norm": "l3""#), #"is "l3", expected one of "linf", "l2", "l1""#),
      (with(#""arms": ["nun"]"#), #"names the arm "nun""#),
      (with(#""set": {"stepz": 3}"#), "'attack' has no argument or dimension 'stepz'"),
      (with(#""result": "adversary""#), "has no result 'adversary'"),
      (with(#""images": 0"#), "is 0, less than 1"),
      (with(#""through": true"#), "has no argument 'purifier'"),
      (with(#""level": "clean""#), #"expected "clean" without a graph"#),
      (with(#""suite": "autoattack-standard""#), #"stands beside "graph""#),
      (#"{"name": "x", "suite": "autoattack"}"#, #"expected one of "autoattack-standard""#),
      (#"{"name": "x", "graph": "attacks/pgt.graph"}"#, "attacks/pgt.graph"),
      (pgd + "," + pgd, #"two of the name "PGD""#),
      (renamed, #"but ", purified by " is a report's own"#),
      (known(#""eot": 1"#), #"but not "deterministic": true in "set""#),
      (known(#""deterministic": true"#), #"but not "eot": 1 in "set""#),
    ] {
      let text = refusal(attacks: attack)
      #expect(text.contains(sentence), "\(attack): \(text)")
      #expect(text.split(separator: "error:").count == 2, "\(text)")
    }
    for (fields, sentence) in [
      (#""tasks": ["a", "b", "a"], "attacks": ["PGD"]"#, #""losses.tasks" names "a" twice"#),
      (#""attacks": ["PGD", "PGD"]"#, #""losses.attacks" names "PGD" twice"#),
      (#""attacks": ["PGD"], "arms": ["none", "none"]"#, #""losses.arms" names "none" twice"#),
    ] {
      let losses = #""losses": {"graph": "training/evaluation.graph", "images": 4, \#(fields)}"#
      let text = refusal(attacks: pgd, losses)
      #expect(text.contains(sentence), "\(text)")
    }
    #expect(refusal(arms: "", attacks: pgd).contains(#""arms" is empty"#))
    #expect(refusal(attacks: pgd, #""images": 11"#).contains("asks for 11 images, the data has 10"))
    let labels = ImageSet(pixels: Self.images.pixels, labels: [Int](repeating: 10, count: 10))
    let text = try complaint { _ = try evaluator(recipe(attacks: pgd, ""), images: labels).run() }
    #expect(text.contains("image 0 has the label 10, the model has 10 classes"))
  }
}
