import RetortDriver
import RetortFormats
import RetortTensor
import RetortText

/// What a training leaves behind.
extension Trainer {
  func writeResult() throws {
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
  func checkEnd() throws(Diagnostics) {
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
    let first = images.batch(Array(0..<finish.images))
    let (graph, _) = try request.companion(finish.graph).graph(at: .planned, inputs: ["x": first])
    let closed = try Executable(
      graph, backend: request.backend, threadCount: request.threadCount)
    var weights = Dictionary(uniqueKeysWithValues: trained.map { ($0.name, $0.tensor) })
    let drawn = try Weights.initial(
      for: graph, seed: recipe.seed, except: Set(weights.keys))
    weights.merge(drawn) { trained, _ in trained }
    try closed.program.bind(weights: weights)
    _ = try closed.run(["x": first], seed: recipe.seed)
    let updated = graph.updatedWeights
    return trained.filter { !updated.contains($0.name) }
      + closed.program.weightTensors().filter { updated.contains($0.name) }
  }
}
