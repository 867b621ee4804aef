import Foundation
import RetortDefence
import RetortDriver
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

struct TrainerTests {
  private let space: TemporaryFolder
  private let images = SyntheticSet.test(count: 64)
  private static let sgd = #""rate": {"shape": "cosine", "peak": 0.02}"#

  init() throws { space = try TemporaryFolder() }

  /// A recipe of three epochs of four steps beside the small training graph.
  private func recipe(_ fields: String = sgd) throws -> Recipe {
    try space.write(SmallGraphs.training, to: "fit.graph")
    let file = try space.write(
      #"{"kind": "training", "graph": "fit.graph", "epochs": 3, "batch": 16, "seed": 5, "# + fields
        + "}",
      to: "recipe.json")
    return try Recipe(reading: file)
  }

  private func trainer(
    _ recipe: Recipe, to target: String = "out.safetensors", images: ImageSet? = nil,
    weights: [String] = [], threads: Int = 1, listener: Listener = Listener()
  ) throws -> Trainer {
    var request = Request(
      path: recipe.graphPath(in: Repository.library, beside: space.file("recipe.json")),
      library: Repository.library)
    request.settings = recipe.settings
    request.weightPaths = weights
    request.threadCount = threads
    return try Trainer(
      recipe: recipe, images: images ?? self.images, request: request, target: space.file(target),
      observer: listener)
  }

  @Test(arguments: [sgd, #""rate": 0.003, "set": {"optimiser": "adam"}"#])
  func theLossFalls(_ fields: String) throws {
    let listener = Listener()
    try trainer(recipe(fields), listener: listener).run()
    #expect(listener.losses.count == 3)
    #expect(listener.losses[2] < 0.8 * listener.losses[0])
    #expect(listener.losses[0] > 1.5 && listener.losses[0] < 4)
    #expect(listener.reports.map(\.done) == Array(1...12))
    #expect(listener.reports.allSatisfy { $0.total == 12 && $0.startedAt == 0 })
  }

  /// A task that is off gives 0 in the graph itself, which is no news.
  @Test func tasksThatAreOffAreNotShown() throws {
    let recipe = try recipe()
    let graph = SmallGraphs.training
      .replacing("accuracy: f32[])", with: "accuracy: f32[], off: f32[])")
      .replacing("  return loss,", with: "  off: f32[n] = 0\n  return loss,")
      .replacing("accuracy(logits, y)\n", with: "accuracy(logits, y), mean(off)\n")
    try space.write(graph, to: "fit.graph")
    let listener = Listener()
    try trainer(recipe, listener: listener).run()
    #expect(listener.losses.count == 3)
    let shown = listener.lines + listener.reports.map(\.detail)
    #expect(shown.allSatisfy { $0.contains("accuracy ") && !$0.contains("off ") }, "\(shown)")
  }

  @Test func onlyWeightsAreWrittenAndTheCheckpointGoes() throws {
    try trainer(recipe()).run()
    let stored = try TensorFile.read(space.file("out.safetensors"))
    #expect(Set(stored.map(\.name)) == ["head.weight", "head.bias"])
    #expect(stored.allSatisfy { $0.dtype == "float32" })
    #expect(space.names == ["fit.graph", "out.safetensors", "recipe.json"])
  }

  @Test func weightsCanBeStoredInHalfPrecision() throws {
    try trainer(recipe(), to: "full.npz").run()
    try trainer(recipe(Self.sgd + #", "storage": "f16", "keep": "head.w""#), to: "half.npz").run()
    let full = try TensorFile.read(space.file("full.npz")).first { $0.name == "head.weight" }
    let half = try TensorFile.read(space.file("half.npz"))
    #expect(half.map(\.name) == ["head.weight"])
    #expect(half[0].dtype == "float16")
    #expect(half[0].tensor == full?.tensor.converted(to: .f16))
  }

  /// What a kill leaves is the checkpoint of the last whole epoch.
  @Test(arguments: [(sgd, 1), (sgd, 2), (#""rate": 0.003, "set": {"optimiser": "adam"}"#, 1)])
  func anInterruptedTrainingEndsWithTheSameWeights(fields: String, epoch: Int) throws {
    let recipe = try recipe(fields)
    let checkpoint = space.file("out.safetensors.checkpoint.safetensors")
    let listener = Listener { [space] line in
      guard line.hasPrefix("epoch \(epoch + 1)/") else { return }
      try? FileManager.default.copyItem(atPath: checkpoint, toPath: space.file("kept"))
    }
    try trainer(recipe, listener: listener).run()
    let expected = try space.bytes("out.safetensors")
    try FileManager.default.removeItem(atPath: space.file("out.safetensors"))
    try FileManager.default.moveItem(atPath: space.file("kept"), toPath: checkpoint)

    let resumed = Listener()
    try trainer(recipe, threads: 2, listener: resumed).run()
    #expect(resumed.lines.first == "resumed from \(checkpoint) at epoch \(epoch)")
    #expect(Array(resumed.lines.dropFirst()) == Array(listener.lines.dropFirst(epoch)))
    #expect(resumed.reports.map(\.done) == Array(4 * epoch + 1...12))
    #expect(resumed.reports.allSatisfy { $0.startedAt == 4 * epoch })
    #expect(try space.bytes("out.safetensors") == expected)
  }

  @Test func theSeedDecides() throws {
    try trainer(recipe(), to: "a.safetensors").run()
    try trainer(recipe(), to: "b.safetensors").run()
    let other = try recipe(Self.sgd.replacing("cosine", with: "constant"))
    try trainer(other, to: "c.safetensors").run()
    #expect(try space.bytes("a.safetensors") == space.bytes("b.safetensors"))
    #expect(try space.bytes("a.safetensors") != space.bytes("c.safetensors"))
  }

  /// A checkpoint with the marks of this recipe and these images, unless others are given.
  private func leaveCheckpoint(
    _ recipe: Recipe, recipeSum: String? = nil, dataSum: String? = nil,
    _ tensors: [(name: String, tensor: HostTensor)] = []
  ) throws -> String {
    let marks = [
      "checkpoint.recipe.\(try recipeSum ?? trainer(recipe).identity)",
      "checkpoint.data.\(dataSum ?? images.checksum)", "checkpoint.epoch.1",
    ].map { (name: $0, tensor: HostTensor(Float(0))) }
    return try space.write(marks + tensors, to: "out.safetensors.checkpoint.safetensors")
  }

  /// What was trained on one network does not go on upon another.
  @Test func aCheckpointOfOtherWeightsIsRefused() throws {
    let (recipe, other) = (try recipe(), try recipe(Self.sgd.replacing("cosine", with: "constant")))
    try trainer(recipe, to: "a.safetensors").run()
    try trainer(other, to: "b.safetensors").run()
    let first = try trainer(recipe, weights: [space.file("a.safetensors")])
    let path = try leaveCheckpoint(recipe, recipeSum: first.identity)
    for weights in [[space.file("b.safetensors")], []] {
      let text = try complaint { try trainer(recipe, weights: weights).run() }
      #expect(text.hasPrefix("\(path): error: is a checkpoint of another recipe, other weights"))
    }
    let same = try complaint {
      try trainer(recipe, weights: [space.file("a.safetensors")]).run()
    }
    #expect(same.contains("lacks 'head.weight'"), "\(same)")
  }

  @Test(arguments: [true, false])
  func aCheckpointOfAnotherRecipeOrOtherDataIsRefused(otherRecipe: Bool) throws {
    let recipe = try recipe()
    let path = try leaveCheckpoint(
      recipe, recipeSum: otherRecipe ? "0" : nil, dataSum: otherRecipe ? nil : "0")
    let before = try InputFile.read(path)
    let text = try complaint { try trainer(recipe).run() }
    #expect(
      text == """
        \(path): error: is a checkpoint of another recipe, other weights or other data
            = hint: move it away to start from the beginning

        """)
    #expect(try InputFile.read(path) == before)
    #expect(!space.exists("out.safetensors"))
  }

  @Test func aCheckpointOfAnotherGraphIsRefused() throws {
    let recipe = try recipe()
    let path = try leaveCheckpoint(
      recipe, [("head.weight", HostTensor(zeros: TensorType(.f32, [10, 3])))])
    let text = try complaint { try trainer(recipe).run() }
    #expect(text.hasPrefix("\(path): error: lacks 'head.weight' as the graph declares it\n"))
  }

  @Test func aDamagedCheckpointIsRefused() throws {
    let recipe = try recipe()
    let path = try leaveCheckpoint(recipe)
    try space.write(
      Array(try InputFile.read(path).dropLast(2)), to: "out.safetensors.checkpoint.safetensors")
    let text = try complaint { try trainer(recipe).run() }
    #expect(text.hasPrefix("\(path): error: "))
    #expect(text.hasSuffix("    = hint: move it away to start from the beginning\n"))
  }

  /// The loss of such an image is 0: nothing would be learnt of it, and nothing said.
  @Test func labelsThatTheModelHasNoClassForAreRefused() throws {
    let recipe = try recipe(Self.sgd + #", "set": {"classes": 5}"#)
    let graph = SmallGraphs.training
      .replacing("optimiser: String", with: "classes: Int = 10, optimiser: String")
      .replacing("features: 10", with: "features: classes")
    try space.write(graph, to: "fit.graph")
    let text = try complaint { _ = try trainer(recipe) }
    let wrong = try #require(images.labels.firstIndex { $0 >= 5 })
    #expect(
      text.hasPrefix(
        "\(space.file("recipe.json")): error: image \(wrong) has the label "
          + "\(images.labels[wrong]), the model has 5 classes\n    = hint: "))
    let known = images.labels.indices.filter { images.labels[$0] < 5 }
    let few = ImageSet(pixels: images.batch(known), labels: known.map { images.labels[$0] })
    #expect(few.count >= 16)
    _ = try trainer(recipe, images: few)
  }

  @Test func aLossThatIsNotANumberStopsTheTraining() throws {
    let text = try complaint { try trainer(recipe(#""rate": 1e38"#)).run() }
    #expect(text.hasPrefix("error: 'loss' is "))
    #expect(text.hasSuffix("    = hint: lower the recipe's rate; the last checkpoint is kept\n"))
    #expect(!space.exists("out.safetensors"))
  }

  /// A last step that goes astray shows in no loss.
  @Test func weightsThatAreNotNumbersAreNotWritten() throws {
    // One step in all: 64 images that are one batch, for one epoch.
    try space.write(SmallGraphs.training, to: "fit.graph")
    let recipe = try Recipe(
      reading: space.write(
        #"{"kind": "training", "graph": "fit.graph", "batch": 64, "rate": 3e38, "storage": "f16"}"#,
        to: "recipe.json"))
    let text = try complaint { try trainer(recipe).run() }
    #expect(text.contains("after the training, so nothing is written\n"))
    #expect(!space.exists("out.safetensors"))
  }

  @Test func startingWeightsAreTakenFromFiles() throws {
    let bias = HostTensor([10], (0..<10).map { Float($0) })
    let file = try space.write([("head.bias", bias)], to: "start.safetensors")
    try trainer(recipe(#""rate": 0"#), weights: [file]).run()
    let stored = try TensorFile.read(space.file("out.safetensors"))
    #expect(stored.first { $0.name == "head.bias" }?.tensor == bias)
  }

  @Test(arguments: [
    (#""images": 65"#, "asks for 65 images, the data has 64"),
    (#""images": 15"#, "has a batch of 16, larger than the 15 images"),
    (#""keep": "tail.""#, "keeps nothing: no tensor's name begins with 'tail.'"),
    (
      #""finish": {"graph": "training/bank.graph", "images": 65}"#,
      #""finish" asks for 65 of 64 images"#
    ),
  ])
  func whatTheDataCannotGiveIsSaid(field: String, sentence: String) throws {
    let listener = Listener()
    let text = try complaint {
      try trainer(recipe(Self.sgd + ", " + field), listener: listener).run()
    }
    #expect(text.hasPrefix("\(space.file("recipe.json")): error: \(sentence)\n    = hint: "))
    #expect(listener.reports.isEmpty)
  }

  /// Else a head would be trained on a backbone that was drawn.
  @Test func weightsOfWhichNoneFitsAreRefused() throws {
    let bias = HostTensor([10], (0..<10).map { Float($0) })
    let file = try space.write([("encoder.bias", bias)], to: "start.safetensors")
    let text = try complaint { try trainer(recipe(), weights: [file]).run() }
    #expect(text.contains("error: the training reads none of the 1 tensors of the weight files\n"))
    let both = try space.write(
      [("encoder.bias", bias), ("head.bias", bias)], to: "both.safetensors")
    let listener = Listener()
    try trainer(recipe(), weights: [both], listener: listener).run()
    #expect(
      listener.lines.first
        == "note: 1 tensors of the weight files are not used: 'encoder.bias'")
  }

  /// The last epoch is not lost to a target that cannot be written any more.
  @Test func theLastEpochHasACheckpointToo() throws {
    let recipe = try recipe()
    let checkpoint = space.file("out.safetensors.checkpoint.safetensors")
    let target = space.file("out.safetensors")
    let listener = Listener { line in
      guard line.hasPrefix("epoch 3/") else { return }
      try? FileManager.default.createDirectory(
        atPath: target, withIntermediateDirectories: true)
    }
    #expect(try !complaint { try trainer(recipe, listener: listener).run() }.isEmpty)
    #expect(space.exists("out.safetensors.checkpoint.safetensors"))
    try FileManager.default.removeItem(atPath: target)
    let resumed = Listener()
    try trainer(recipe, listener: resumed).run()
    #expect(resumed.lines == ["resumed from \(checkpoint) at epoch 3"])
    #expect(space.exists("out.safetensors"))
    #expect(!space.exists("out.safetensors.checkpoint.safetensors"))
  }

  @Test func aTargetThatCannotBeWrittenIsSaidBeforeTheFirstStep() throws {
    let listener = Listener()
    for (target, sentence) in [
      ("out.txt", "has no suffix in which weights are written"),
      ("none/out.npz", "cannot be written: No such file or directory"),
    ] {
      let text = try complaint { try trainer(recipe(), to: target, listener: listener).run() }
      #expect(text.hasPrefix("\(space.file(target)): error: \(sentence)\n"))
    }
    #expect(listener.reports.isEmpty)
  }
}
