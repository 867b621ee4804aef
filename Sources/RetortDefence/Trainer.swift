import Foundation
import RetortDriver
import RetortFormats
import RetortIR
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
  private let recipe: Recipe
  private let images: ImageSet
  /// All of the data, of which `images` are the first.
  private let allImages: ImageSet
  private let executable: Executable
  /// Of the recipe and the compiled step, settings included: what a checkpoint belongs to.
  package let identity: String
  private let request: Request
  private let target: String
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
    let (graph, _) = try request.graph(
      at: .planned, inputs: ["x": HostTensor(zeros: TensorType(.f32, shape))])
    executable = try Executable(
      graph, backend: request.backend, threadCount: request.threadCount)
    identity = try Self.identity(recipe, request, images, graph)
    try bindWeights(try Weights(reading: request.weightPaths))
  }

  /// The recipe, the graphs that it runs and the images that it validates on; those that it trains
  /// on a checkpoint names apart.
  private static func identity(
    _ recipe: Recipe, _ request: Request, _ images: ImageSet, _ step: Graph
  ) throws -> String {
    var hash = SHA256()
    hash.update(recipe.checksum + Printer().text(step))
    for path in [recipe.validate?.graph, recipe.finish?.graph].compactMap({ $0 }) {
      var other = request
      other.path = request.library.path(path)
      other.entry = nil
      other.settings = try other.declared(request.settings)
      let sample = HostTensor(zeros: TensorType(.f32, [1, 3, images.height, images.width]))
      let (graph, _) = try other.graph(at: .elaborated, inputs: ["x": sample])
      hash.update(Printer().text(graph))
    }
    if recipe.validate != nil { hash.update(images.checksum) }
    return hash.hexadecimal
  }

  /// Given weights first, the rest as `init` says.
  ///
  /// - Throws: where weights are given and none is read, which would train on what was drawn.
  private func bindWeights(_ given: Weights) throws {
    let graph = executable.graph
    let binding = try given.bind(to: graph, allowingMissing: true)
    let found = binding.tensors
    guard !found.isEmpty || given.isEmpty else {
      throw Diagnostics(
        "the training reads none of the \(given.names.count) tensors of the weight files",
        path: recipe.path,
        hint: "it reads "
          + graph.inputs.filter(\.role.isWeight).prefix(3).map { "'\($0.name)'" }
          .joined(separator: ", ") + ", …; --weights PREFIX=FILE puts a prefix before names")
    }
    for note in Weights.note(unused: binding.unused) { observer.said("note: \(note.message)") }
    let drawn = try Weights.initial(for: graph, seed: recipe.seed, except: Set(found.keys))
    try executable.program.bind(weights: found.merging(drawn) { a, _ in a })
  }

  /// Trains to the end, from the last checkpoint if there is one, and writes the weights.
  package func run() throws {
    try checkEnd()
    let stepsPerEpoch = images.count / recipe.batch
    let total = recipe.epochs * stepsPerEpoch
    let resumed = try resume()
    if resumed > 0 { observer.said("resumed from \(checkpointPath) at epoch \(resumed)") }
    let validation = try recipe.validate.map {
      try Validation(
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
      if epoch + 1 < recipe.epochs || hasFiniteWeights { try writeCheckpoint(epoch: epoch + 1) }
    }
    try writeResult()
    try? FileManager.default.removeItem(atPath: checkpointPath)
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
        inputs[input.name] = keys(type.shape, input.name, step)
      }
    }
    let results = try executable.run(inputs)
    for (name, tensor) in results where tensor.shape.rank == 0 {
      let value = tensor.doubles[0]
      guard value.isFinite else {
        throw Diagnostics(
          "'\(name)' is \(value) at step \(step)",
          hint: "lower the recipe's rate; the last checkpoint is kept")
      }
      metrics[name, default: 0] += value
    }
  }

  private func keys(_ shape: Shape, _ name: String, _ step: Int) -> HostTensor {
    let root = key(name, step)
    if shape.rank == 0 { return HostTensor(root) }
    return HostTensor(
      shape, (0..<shape.elementCount).map { RandomKeys.fold(root, UInt32($0)) })
  }

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

// MARK: - Files

extension Trainer {
  private var checkpointPath: String { target + ".checkpoint.safetensors" }

  /// The first epoch that is still to do; weights are those of the checkpoint then.
  private func resume() throws -> Int {
    guard FileManager.default.fileExists(atPath: checkpointPath) else { return 0 }
    var stored = try TensorFile.read(checkpointPath)
    func take(_ prefix: String) -> String? {
      guard let index = stored.firstIndex(where: { $0.name.hasPrefix(prefix) }) else { return nil }
      return String(stored.remove(at: index).name.dropFirst(prefix.count))
    }
    let recipeSum = take("checkpoint.recipe.")
    let dataSum = take("checkpoint.data.")
    guard let epoch = take("checkpoint.epoch.").flatMap({ Int($0) }),
      recipeSum == identity, dataSum == images.checksum
    else {
      throw Diagnostics(
        "is a checkpoint of another recipe or other data", path: checkpointPath,
        hint: "move it away to start from the beginning")
    }
    let tensors = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0.tensor) })
    for input in executable.graph.inputs where input.role.isWeight {
      guard tensors[input.name]?.type == executable.graph.type(of: input.value) else {
        throw Diagnostics(
          "lacks '\(input.name)' as the graph declares it", path: checkpointPath,
          hint: "the graph has changed since; move the checkpoint away to start again")
      }
    }
    try executable.program.bind(weights: tensors)
    return epoch
  }

  /// All weights with the optimiser's state; the marks are tensors that carry their text as name.
  private func writeCheckpoint(epoch: Int) throws {
    let marks = [
      "checkpoint.recipe.\(identity)", "checkpoint.data.\(images.checksum)",
      "checkpoint.epoch.\(epoch)",
    ]
    let tensors = marks.map { (name: $0, tensor: HostTensor(Float(0))) }
    try TensorFile.write(tensors + executable.program.weightTensors(), to: checkpointPath)
  }

  private var hasFiniteWeights: Bool {
    executable.program.weightTensors().allSatisfy { _, tensor in
      !tensor.type.element.isReal || tensor.doubles.allSatisfy(\.isFinite)
    }
  }

  private func writeResult() throws {
    var weights = executable.program.weightTensors()
    if let finish = recipe.finish { weights = try self.finish(finish, weights) }
    let saved = weights.filter { recipe.keeps($0.name) }
    guard !saved.isEmpty else {
      throw keepsNothing
    }
    let stored = saved.map { name, tensor in
      let isHalved = recipe.storage == .f16 && tensor.type.element.isReal
      return (name: name, tensor: isHalved ? tensor.converted(to: .f16) : tensor)
    }
    for (name, tensor) in stored {
      if let wrong = tensor.doubles.first(where: { !$0.isFinite }) {
        throw Diagnostics(
          "'\(name)' holds \(wrong) as \(tensor.type.element.rawValue) after the training, so"
            + " nothing is written", hint: "lower the recipe's rate")
      }
    }
    try TensorFile.write(stored, to: target)
  }

  private var keepsNothing: Diagnostics {
    Diagnostics(
      "keeps nothing: no tensor's name begins with '\(recipe.keep)'", path: recipe.path,
      hint: "correct \"keep\"")
  }

  /// What would stop the result from being written is told before hours are spent on it.
  private func checkEnd() throws(Diagnostics) {
    if let finish = recipe.finish, finish.images > images.count {
      throw Diagnostics(
        "\"finish\" asks for \(finish.images) of \(images.count) images", path: recipe.path,
        hint: "give more data, or lower \"images\" of \"finish\"")
    }
    let names = executable.graph.inputs.filter(\.role.isWeight).map(\.name)
    // The closing graph may have weights of its own.
    guard recipe.finish != nil || names.contains(where: recipe.keeps) else { throw keepsNothing }
    guard [".safetensors", ".npz"].contains(where: { target.lowercased().hasSuffix($0) }) else {
      throw Diagnostics(
        "has no suffix in which weights are written", path: target,
        hint: "end it in .safetensors or .npz")
    }
    try AtomicFile.check(target)
  }

  /// Runs the recipe's closing graph once, on the first images, with the trained weights: what it
  /// updates joins them.
  private func finish(
    _ finish: Recipe.Finish, _ trained: [(name: String, tensor: HostTensor)]
  ) throws -> [(name: String, tensor: HostTensor)] {
    var closing = request
    closing.path = finish.graphPath(in: request.library)
    closing.entry = nil
    closing.settings = try closing.declared(request.settings)
    let first = images.batch(Array(0..<finish.images))
    let (graph, _) = try closing.graph(at: .planned, inputs: ["x": first])
    let closed = try Executable(
      graph, backend: request.backend, threadCount: request.threadCount)
    var weights = Dictionary(uniqueKeysWithValues: trained.map { ($0.name, $0.tensor) })
    let drawn = try Weights.initial(
      for: graph, seed: recipe.seed, except: Set(weights.keys))
    weights.merge(drawn) { trained, _ in trained }
    try closed.program.bind(weights: weights)
    _ = try closed.run(["x": first], seed: recipe.seed)
    let updated = Set(graph.outputs.filter { $0.role == .update }.map(\.name))
    return trained.filter { !updated.contains($0.name) }
      + closed.program.weightTensors().filter { updated.contains($0.name) }
  }
}
