import RetortDriver
import RetortTensor
import RetortText

/// A compiled graph of losses.
struct LossGraph {
  let path: String
  let runner: BatchRunner
  let tasks: [String]
  /// What decides its results, besides the images.
  let identity: String
  /// Operations for one image, in 10^9.
  let gflop: Double

  init(
    _ wanted: EvaluationRecipe.Losses, _ context: EvaluationContext, seed: UInt64
  ) throws {
    let request = try context.request(
      wanted.graph, entry: wanted.entry, wanted.settings, seed: seed)
    path = request.path
    runner = try context.ladder(request).runner(for: context.batch)
    identity = try context.identity(request)
    gflop = Double(try context.operationCount(request)) / 1e9
    tasks = wanted.tasks ?? runner.lossNames
    if let unknown = tasks.first(where: { !runner.lossNames.contains($0) }) {
      throw Diagnostics(
        "has no result '\(unknown)' of one number an image", path: request.path,
        hint: Suggestion.hint(for: unknown, in: runner.lossNames))
    }
  }
}

extension Evaluator {
  /// Each task's loss on clean, attacked and purified images.
  func losses(_ graph: LossGraph, _ made: [Points]) throws -> [EvaluationResults.LossSample] {
    guard let wanted = recipe.losses else { return [] }
    var samples: [EvaluationResults.LossSample] = []
    for name in wanted.attacks {
      let number = schedule.points.firstIndex { $0.name == name && $0.arm == nil }!
      let (plan, points) = (schedule.points[number], made[number])
      // Whole blocks, so that what was purified with them is found again.
      let count = min(plan.images, wholeBlocks(wanted.images))
      samples += try self.samples(graph, .attack(name), count) { try self.points(points, $0, $1) }
      for name in wanted.arms {
        let arm = recipe.arms.first { $0.name == name }!
        let answers = try answerer(arm)
        let kind = EvaluationResults.LossPoints.purified(attack: plan.name, arm: name)
        samples += try self.samples(graph, kind, count) {
          try purified(answers, points, $0, $1)
        }
      }
    }
    return samples
  }

  /// The losses on the first images of one kind.
  private func samples(
    _ graph: LossGraph, _ points: EvaluationResults.LossPoints, _ count: Int,
    _ pixels: (Int, EvaluationBlock) throws -> HostTensor
  ) throws -> [EvaluationResults.LossSample] {
    let title = points.name
    var values = [String: [Double]]()
    for (index, block) in blocks(count).enumerated() {
      // Some losses are of the labels, too.
      let images = ImageSet(pixels: try pixels(index, block), labels: block.images.labels)
      let identity = EvaluationContext.joined(
        ["losses", graph.identity, images.checksum, String(block.first)])
      let types = Dictionary(
        uniqueKeysWithValues: graph.tasks.map { ($0, TensorType(.f32, [block.images.count])) })
      let found = try kept(
        identity, "losses on \(title)", block.images.count,
        Double(block.images.count) * graph.gflop, types
      ) {
        let results = try graph.runner.results(images, keys: block.keys, progress: $0)
        let losses = results.filter { types[$0.key] != nil }
        for task in graph.tasks where !losses[task]!.doubles.allSatisfy(\.isFinite) {
          throw Diagnostics(
            "the loss '\(task)' on \(title) holds NaN or infinity", path: graph.path)
        }
        return losses
      }
      for task in graph.tasks { values[task, default: []] += found[task]!.doubles }
    }
    return graph.tasks.map { .init(task: $0, points: points, values: values[$0] ?? []) }
  }

  /// A number of images filled up to whole blocks.
  func wholeBlocks(_ count: Int) -> Int {
    min(images.count, (count + recipe.batch - 1) / recipe.batch * recipe.batch)
  }
}
