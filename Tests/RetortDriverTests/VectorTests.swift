import RetortDriver
import RetortIR
import RetortTensor
import RetortTestSupport
import Testing

/// The graphs of `Tests/Golden/vectors/vectors.graph` give PyTorch's numbers, interpreted in f64 and
/// compiled in f32.
@Suite struct VectorTests {
  static let definition = try! TestDefinition(file: "Tests/Golden/vectors/vectors.graph")

  /// Runs an entry and compares results, and updated weights, with a file's tensors.
  static func check(
    _ way: Way, _ entry: String, set values: [String: String] = [:],
    _ inputs: [String: HostTensor], weights files: [String] = [], of file: VectorFile,
    _ expectations: [String: String], in definition: TestDefinition = definition, seed: UInt64 = 0,
    within tolerance: Double? = nil
  ) throws {
    let graph = try definition.graph(entry, set: values, inputs: inputs)
    let run = try way.run(graph, inputs, weights: try weights(graph, files), seed: seed)
    for (result, expected) in expectations.sorted(by: { $0.key < $1.key }) {
      let error = scaledError(run[result], file[expected])
      #expect(
        error <= tolerance ?? way.tolerance, "\(entry) \(values): \(expected) is off by \(error)")
    }
  }

  /// Weights from files of the folder; what is in none starts as the definition says.
  static func weights(_ graph: Graph, _ files: [String]) throws -> [String: HostTensor] {
    let stored = try Weights(reading: files.map { VectorFile.path($0 + ".weights") })
      .bind(to: graph, allowingMissing: true).tensors
    return try Weights.initial(for: graph, seed: 0, except: Set(stored.keys))
      .merging(stored) { $1 }
  }

  @Test(arguments: ["tiny", "tiny_wide", "resnet20"], Way.allCases)
  func networks(name: String, way: Way) throws {
    let file = try VectorFile(name)
    try Self.check(
      way, name, file.inputs("x"), weights: [name], of: file,
      ["logits": "logits", "features": "features", "map": "map"])
  }

  @Test(arguments: ["tiny", "tiny_wide", "resnet20"], Way.allCases)
  func gradientsInTheImage(name: String, way: Way) throws {
    let file = try VectorFile(name)
    try Self.check(
      way, "network", set: ["backbone": name], file.inputs("x", "y"), weights: [name], of: file,
      ["logits": "logits", "loss": "loss", "slope": "slope"], within: way.kinkTolerance)
  }

  /// Reduced forms of the public networks. `tiny_raw` reads the weights of `tiny`, all but the last
  /// norm's.
  static let publicNetworks = [
    "tiny_raw", "tiny_swish", "tiny_wide_swish", "tiny_resnet18", "tiny_resnet50", "tiny_imagenet",
    "tiny_dense",
  ]

  @Test(arguments: publicNetworks, Way.allCases)
  func publicNetwork(name: String, way: Way) throws {
    let file = try VectorFile("public")
    let weights = name == "tiny_raw" ? "tiny" : name
    try Self.check(
      way, name, file.inputs("x"), weights: [weights], of: file,
      ["logits": name + ".logits", "features": name + ".features"])
    try Self.check(
      way, "network", set: ["backbone": name], file.inputs("x", "y"), weights: [weights], of: file,
      ["loss": name + ".loss", "slope": name + ".slope"], within: way.kinkTolerance)
  }

  @Test(arguments: ["none", "cifar"], Way.allCases)
  func separateNetworks(normalise: String, way: Way) throws {
    let file = try VectorFile("public")
    let rotation = normalise == "none" ? "separate.rotation" : "separate.rotation_cifar"
    try Self.check(
      way, "separate", set: ["normalise": normalise], file.inputs("x"),
      weights: ["tiny_angles", "tiny_painter"], of: file,
      [
        "rotation": rotation, "rotation_slope": rotation + "_slope",
        "inpainting": "separate.inpainting", "inpainting_slope": "separate.inpainting_slope",
      ], within: way.kinkTolerance)
  }

  /// With the published weights, 1, 50 and 10.
  @Test(arguments: Way.allCases)
  func publishedTasksTogether(way: Way) throws {
    let file = try VectorFile("public")
    try Self.check(
      way, "separate_total", file.inputs("x"),
      weights: ["tiny", "heads", "tiny_angles", "tiny_painter"], of: file,
      ["total": "separate.total", "slope": "separate.total_slope"], within: way.kinkTolerance)
  }

  @Test(arguments: Way.allCases)
  func batchNormInTraining(way: Way) throws {
    let file = try VectorFile("norm")
    let inputs = file.inputs("x", "seed")
    let graph = try Self.definition.graph("norm", inputs: inputs)
    let run = try way.run(graph, inputs, weights: file.tensors)
    for name in ["y", "dx", "dweight", "dbias"] {
      #expect(scaledError(run[name], file[name]) <= way.tolerance, "\(name)")
    }
    for name in ["running_mean", "running_var"] {
      #expect(scaledError(run[name], file["after." + name]) <= way.tolerance, "\(name)")
    }
  }

  @Test(arguments: Way.allCases)
  func trainingStep(way: Way) throws {
    let file = try VectorFile("training")
    let inputs = file.inputs("x", "y").merging(
      ["rate": HostTensor(Float(0.1)), "iteration": HostTensor(Float(1))]) { $1 }
    let after = file.tensors.keys.filter { $0.hasPrefix("after.") }
    #expect(after.count == 11)
    var expectations = ["loss": "loss", "accuracy": "accuracy"]
    for name in after { expectations[String(name.dropFirst("after.".count))] = name }
    try Self.check(way, "training", inputs, weights: ["tiny"], of: file, expectations)
  }

  @Test(arguments: Way.allCases)
  func headsInInferenceMode(way: Way) throws {
    let file = try VectorFile("heads")
    try Self.check(
      way, "heads", file.inputs("x"), weights: ["tiny", "heads"], of: file,
      [
        "rotation": "rotation", "rotation_slope": "rotation_slope", "inpainting": "inpainting",
        "inpainting_slope": "inpainting_slope",
      ])
  }

  @Test(arguments: Way.allCases)
  func headsInTrainingMode(way: Way) throws {
    let file = try VectorFile("heads")
    try Self.check(
      way, "heads", set: ["train": "true"], file.inputs("x"), weights: ["tiny", "heads"], of: file,
      [
        "rotation": "rotation_train", "rotation_slope": "rotation_train_slope",
        "inpainting": "inpainting_train", "inpainting_slope": "inpainting_train_slope",
      ])
  }

  /// The views' gradients make large graphs, so that some are left to long runs.
  static let contrastiveVariants: [(String, Way)] =
    [("bank_first_4", .compiled), ("batch_first_2", .compiled), ("batch_first_2", .reference)]
    + (Repository.runsLongTests
      ? [("bank_first_4", .reference), ("bank_all_4", .compiled), ("bank_all_4", .reference)] : [])

  @Test(arguments: contrastiveVariants)
  func contrastiveHead(variant: String, way: Way) throws {
    let file = try VectorFile("heads")
    let words = variant.split(separator: "_").map(String.init)
    try Self.check(
      way, "contrastive",
      set: ["negatives": words[0], "positives": words[1], "views": words[2]], file.inputs("x"),
      weights: ["tiny", "heads"], of: file,
      ["losses": "contrastive_\(variant)", "slope": "contrastive_\(variant)_slope"])
  }

  @Test(arguments: ["first", "all"], Way.allCases)
  func contrastiveLoss(positives: String, way: Way) throws {
    let file = try VectorFile("nt_xent")
    for views in [2, 4] {
      let settings = ["positives": positives, "views": "\(views)"]
      let batch = "batch_\(positives)_\(views)"
      try Self.check(
        way, "embeddings_batch", set: settings, file.inputs("z"), of: file,
        ["losses": batch, "slope": batch + "_slope"])
      let bank = "bank_\(positives)_\(views)"
      try Self.check(
        way, "embeddings_bank", set: settings, file.inputs("z", "bank"), of: file,
        ["losses": bank, "slope": bank + "_slope"])
    }
  }

  @Test(arguments: Way.allCases)
  func viewsForGivenDraws(way: Way) throws {
    let file = try VectorFile("views")
    try Self.check(
      way, "views", file.inputs("x", "boxes", "flipped", "order", "factors", "greyed", "seed"),
      of: file, ["y": "y", "dx": "dx"])
  }

  @Test(arguments: Way.allCases)
  func drawsOfViews(way: Way) throws {
    let file = try VectorFile("views")
    let names = ["boxes", "flipped", "order", "factors", "greyed"]
    try Self.check(
      way, "draw_view", set: ["n": "4"], [:], of: file,
      Dictionary(uniqueKeysWithValues: names.map { ($0, "drawn." + $0) }),
      in: try TestDefinition(file: "graphs/blocks/view.graph"), seed: 7)
  }
}
