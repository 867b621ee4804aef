import RetortDriver
import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortText

/// Runs a training: one compiled step, again and again, with checkpoints.
///
/// The training graph takes `x: f32[n, 3, h, w]`, and as far as it declares them `y: i32[n]`,
/// `key: key[n]` or `key[]`, `rate: f32[]` and `iteration: f32[]` (from 1). Its weights carry the
/// state: parameters, running statistics and the optimiser's buffers, changed by `update`.
/// Everything random is derived from the recipe's seed, the epoch and the step, so a resumed
/// training ends with the same weights as one that was not interrupted.
package final class Trainer {
  let recipe: Recipe
  let images: ImageSet
  /// All of the data, of which `images` are the first.
  private let allImages: ImageSet
  let executable: Executable
  /// Of the recipe, the compiled step, settings included, and the weights that it starts from: what
  /// a checkpoint belongs to.
  package let identity: String
  let request: Request
  let target: String
  private let observer: any ProgressObserver
  private var metrics: [String: Double] = [:]

  /// Compiles the step and loads or draws the weights.
  package init(
    recipe: Recipe, images: ImageSet, request: Request, target: String,
    observer: any ProgressObserver
  ) throws {
    self.recipe = recipe
    self.request = request
    self.target = target
    self.observer = observer
    let count = recipe.imageCount ?? images.count
    guard count <= images.count else {
      throw Diagnostics(
        "asks for \(count) images, the data has \(images.count)", path: recipe.path,
        hint: "give more data, or lower \"images\"")
    }
    self.images = images.slice(0..<count)
    allImages = images
    guard self.images.count >= recipe.batch else {
      throw Diagnostics(
        "has a batch of \(recipe.batch), larger than the \(self.images.count) images",
        path: recipe.path, hint: "give more data, or lower \"batch\"")
    }
    try ImageInput(of: request).require(height: images.height, width: images.width)
    let shape: Shape = [recipe.batch, 3, images.height, images.width]
    let sample = HostTensor(zeros: TensorType(.f32, shape))
    let (graph, notes) = try request.graph(at: .planned, inputs: ["x": sample])
    for note in notes { observer.said("note: \(note.message)") }
    executable = try Executable(
      graph, backend: request.backend, threadCount: request.threadCount)
    let given = try Weights(reading: request.weightPaths)
    let binding = try given.bind(to: graph, allowingMissing: true)
    identity = try Self.identity(recipe, request, images, graph, binding.tensors)
    try checkLabels(graph, sample)
    for note in binding.notes { observer.said("note: \(note.message)") }
    try bindWeights(binding.tensors, of: given)
  }

  /// Where the step reads labels and says how many classes there are, those of others would be
  /// trained on as a loss of 0.
  ///
  /// - Parameter sample: of the images' shape that the step was compiled for.
  private func checkLabels(_ graph: Graph, _ sample: HostTensor) throws {
    guard graph.inputs.contains(where: { $0.role == .input && $0.name == "y" }),
      try !request.declared([("classes", "")]).isEmpty
    else { return }
    let numbers = try request.numbers(inputs: ["x": sample])
    guard let count = numbers["classes"].flatMap(Int.init(exactly:)) else { return }
    let read = recipe.validate == nil ? images : allImages
    try read.requireLabels(
      below: count, path: recipe.path,
      hint: "set \"classes\" in \"set\" to how many there are, or give other data")
  }

  /// The recipe, the graphs that it runs, the weights that it starts from and the images that it
  /// validates on; those that it trains on a checkpoint names apart.
  private static func identity(
    _ recipe: Recipe, _ request: Request, _ images: ImageSet, _ step: Graph,
    _ weights: [String: HostTensor]
  ) throws -> String {
    var hash = SHA256()
    hash.update(recipe.checksum + Printer().text(step))
    for name in weights.keys.sorted() {
      hash.update(name)
      hash.update(Array(weights[name]!.bytes))
    }
    let others = [
      try recipe.validate.map { try $0.request(request) },
      try recipe.finish.map { try request.companion($0.graph) },
    ]
    for other in others.compactMap({ $0 }) {
      let sample = HostTensor(zeros: TensorType(.f32, [1, 3, images.height, images.width]))
      let (graph, _) = try other.graph(at: .elaborated, inputs: ["x": sample])
      hash.update(Printer().text(graph))
    }
    if recipe.validate != nil { hash.update(images.checksum) }
    return hash.hexadecimal
  }

  /// Those of the given weights that the graph reads first, the rest as `init` says.
  ///
  /// - Throws: where weights are given and none is read, and where a parameter is in no file and
  ///   never changes: what is trained would stand on a network that was drawn.
  private func bindWeights(_ found: [String: HostTensor], of given: Weights) throws {
    let graph = executable.graph
    guard !found.isEmpty || given.isEmpty else {
      throw Diagnostics(
        "the training reads none of the \(given.names.count) tensors of the weight files",
        path: recipe.path,
        hint: "it reads "
          + graph.inputs.filter(\.role.isWeight).prefix(3).map { "'\($0.name)'" }
          .joined(separator: ", ") + ", …; --weights PREFIX=FILE puts a prefix before names")
    }
    let updated = graph.updatedWeights
    let frozen = graph.inputs.filter { input in
      guard case .parameter = input.role else { return false }
      return !updated.contains(input.name) && found[input.name] == nil
    }
    if let first = frozen.first {
      throw Diagnostics(
        "the training never changes '\(first.name)'"
          + (frozen.count > 1 ? " and \(frozen.count - 1) more" : "")
          + ", and no file of weights holds "
          + (frozen.count > 1 ? "them" : "it"), path: recipe.path,
        hint: "give the network that is trained upon with --weights FILE")
    }
    let drawn = try Weights.initial(for: graph, seed: recipe.seed, except: Set(found.keys))
    try executable.program.bind(weights: found.merging(drawn) { a, _ in a })
  }

  /// Trains to the end, from the last checkpoint if there is one, and writes the weights.
  package func run() throws {
    try checkEnd()
    let stepsPerEpoch = images.count / recipe.batch
    let total = recipe.epochs * stepsPerEpoch
    let resumed = try resume()
    if resumed > 0 { observer.said("resumed from \(checkpoint.path) at epoch \(resumed)") }
    let validation = try recipe.validate.map {
      try EpochValidation(
        $0, request, allImages, trained: images.count, batch: recipe.batch, weights: weights,
        path: recipe.path)
    }
    if resumed > 0, let validation { observer.said("there: \(try validation.check(weights).text)") }
    for epoch in resumed..<max(resumed, recipe.epochs) {
      metrics = [:]
      let before = validation == nil ? nil : executable.program.weightTensors()
      let order = RandomKeys.permutation(key("shuffle", epoch), images.count)
      for index in 0..<stepsPerEpoch {
        let step = epoch * stepsPerEpoch + index
        let chosen = Array(order[index * recipe.batch..<(index + 1) * recipe.batch])
        try takeStep(chosen, step: step, of: total)
        observer.advanced(
          ProgressReport(
            "training", done: step + 1, total: total, startedAt: resumed * stepsPerEpoch,
            detail: detail(over: index + 1)))
      }
      var line = "epoch \(epoch + 1)/\(recipe.epochs)  \(detail(over: stepsPerEpoch))"
      if let validation, let before {
        let (text, holds) = try validation.check(weights)
        line += "  " + text
        if !holds {
          line += "  fell, so the epoch is taken back"
          let tensors = Dictionary(uniqueKeysWithValues: before.map { ($0.name, $0.tensor) })
          try executable.program.bind(weights: tensors)
        }
      }
      observer.said(line)
      // After the last epoch too: what stops the result from being written must not cost it.
      if epoch + 1 < recipe.epochs || hasFiniteWeights {
        try checkpoint.write(executable.program.weightTensors(), epoch: epoch + 1)
      }
    }
    try writeResult()
    checkpoint.remove()
  }

  /// Made once, for the checksum reads all images.
  private lazy var checkpoint = TrainingCheckpoint(
    path: target + ".checkpoint.safetensors", identity: identity, data: images.checksum)

  /// The first epoch that is still to do; weights are those of the checkpoint then.
  private func resume() throws -> Int {
    let graph = executable.graph
    let wanted = graph.inputs.filter(\.role.isWeight).map {
      (name: $0.name, type: graph.type(of: $0.value))
    }
    guard let (epoch, tensors) = try checkpoint.read(weights: wanted, epochs: recipe.epochs)
    else { return 0 }
    try executable.program.bind(weights: tensors)
    return epoch
  }

  private var hasFiniteWeights: Bool {
    executable.program.weightTensors().allSatisfy { _, tensor in
      !tensor.type.element.isReal || tensor.doubles.allSatisfy(\.isFinite)
    }
  }

  private var weights: Weights {
    Weights(executable.program.weightTensors(), from: "the training")
  }

  private func takeStep(_ chosen: [Int], step: Int, of total: Int) throws {
    var inputs = ["x": images.batch(chosen)]
    for input in executable.graph.inputs where input.role == .input && input.name != "x" {
      let type = executable.graph.type(of: input.value)
      switch input.name {
      case "y": inputs["y"] = HostTensor([chosen.count], chosen.map { Int32(images.labels[$0]) })
      case "rate": inputs["rate"] = HostTensor(Float(recipe.rate.rate(step: step, of: total)))
      case "iteration": inputs["iteration"] = HostTensor(Float(step + 1))
      default:
        guard type.element == .key else { continue }
        inputs[input.name] = RandomKeys.input(type.shape, root: key(input.name, step))
      }
    }
    let results = try executable.run(inputs)
    for (name, tensor) in results where tensor.shape.rank == 0 && !zeroResults.contains(name) {
      let value = tensor.doubles[0]
      guard value.isFinite else {
        throw Diagnostics(
          "'\(name)' is \(value) at step \(step)",
          hint: "lower the recipe's rate; the last checkpoint is kept")
      }
      metrics[name, default: 0] += value
    }
  }

  /// Results that the graph itself makes 0, the losses of tasks that are off: not to be shown.
  private lazy var zeroResults: Set<String> = {
    let graph = executable.graph
    let zeros = Set(
      graph.body.nodes.filter { ($0.op as? Fill)?.value == 0 }.flatMap(\.results))
    return Set(
      graph.outputs.filter { $0.role == .result && zeros.contains($0.value) }.map(\.name))
  }()

  private func key(_ purpose: String, _ number: Int) -> Key {
    RandomKeys.fold(
      RandomKeys.named("training " + purpose, seed: recipe.seed),
      UInt32(truncatingIfNeeded: number))
  }

  private func detail(over steps: Int) -> String {
    metrics.keys.sorted()
      .map { "\($0) \(TensorSummary.short(metrics[$0]! / Double(steps)))" }
      .joined(separator: "  ")
  }
}
