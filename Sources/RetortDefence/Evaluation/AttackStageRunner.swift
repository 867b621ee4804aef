import RetortDriver
import RetortTensor
import RetortText

/// Runs one stage of an attack on some of a block's images.
final class AttackStageRunner {
  private let stage: AttackPlan.Stage
  private let ladder: BatchLadder

  init(_ stage: AttackPlan.Stage, _ context: EvaluationContext) throws {
    self.stage = stage
    ladder = try context.ladder(stage.request)
  }

  /// The points for the chosen images of a block, in their order.
  func points(
    _ block: EvaluationBlock, _ chosen: [Int], _ progress: @escaping (Double) -> Void
  ) throws -> HostTensor {
    let runner = try ladder.runner(for: chosen.count)
    let set = ImageSet(
      pixels: block.images.batch(chosen), labels: chosen.map { block.images.labels[$0] })
    let name = stage.result ?? runner.resultName
    let results = try runner.results(
      set, keys: chosen.map { block.keys[$0] }, progress: progress)
    guard let points = results[name] else {
      throw Diagnostics(
        "has no result '\(name)'", path: stage.request.path,
        hint: Suggestion.hint(for: name, in: runner.resultNames))
    }
    guard points.type == set.pixels.type else {
      throw Diagnostics(
        "'\(name)' is \(points.type), but the images are \(set.pixels.type)",
        path: stage.request.path)
    }
    return points
  }
}
