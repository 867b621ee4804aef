import RetortDriver
import RetortFormats
import RetortTensor
import RetortText

extension Evaluator {
  /// The answers of one arm on one set of points.
  func answer(
    _ cell: EvaluationSchedule.Cell, _ plan: AttackPlan, _ made: Points,
    _ arms: [EvaluationResults.Arm]
  ) throws -> EvaluationResults.Cell {
    let runner = try AnswerRunner(cell.arm, context, seed: cell.seed)
    let gflop = arms.first { $0.name == cell.arm.name }!.gflopPerImage
    var answers: [Int] = []
    for (index, block) in blocks(plan.images).enumerated() where block.first < cell.images {
      let count = min(block.images.count, cell.images - block.first)
      let share = Double(count) * gflop
      let identity = EvaluationContext.joined(
        ["answers", runner.identity, made.checksums[index], String(block.first), String(count)])
      let keeps = keepsPurified(cell, plan, block)
      var found = context.store.block(identity)
      if keeps, found?["purified"] == nil { found = nil }
      if let found, let tensor = found["answers"] {
        self.found(share)
        answers += tensor.elements(as: Int32.self).map(Int.init)
        continue
      }
      let tensors = try measured("\(cell.arm.name) on \(plan.title)", count, share) {
        let all = try points(made, index, block)
        let set = ImageSet(pixels: all, labels: []).slice(0..<count)
        let purified = try runner.purified(set.pixels, Array(block.keys.prefix(count)))
        let given = try runner.answers(purified)
        var tensors = ["answers": HostTensor([count], given.map(Int32.init))]
        if keeps { tensors["purified"] = purified }
        return tensors
      }
      try context.store.keep(tensors, as: identity)
      answers += tensors["answers"]!.elements(as: Int32.self).map(Int.init)
    }
    return .init(arm: cell.arm.name, attack: plan.name, seed: cell.seed, answers: answers)
  }

  /// Whether losses or pictures of the purified images are wanted.
  private func keepsPurified(
    _ cell: EvaluationSchedule.Cell, _ plan: AttackPlan, _ block: EvaluationBlock
  ) -> Bool {
    guard cell.seed == recipe.seeds[0] else { return false }
    if let losses = recipe.losses, block.first < losses.images, losses.attacks.contains(plan.name),
      losses.arms.contains(cell.arm.name)
    {
      return true
    }
    guard let gallery = recipe.gallery else { return false }
    return block.first < gallery.images && gallery.attack == plan.name
      && gallery.arm == cell.arm.name
  }

  /// The purified images of a cell, which `answer` has kept.
  func purified(
    _ arm: EvaluationRecipe.Arm, _ plan: AttackPlan, _ made: Points, _ index: Int,
    _ block: EvaluationBlock, _ runner: AnswerRunner
  ) throws -> HostTensor {
    let identity = EvaluationContext.joined([
      "answers", runner.identity, made.checksums[index], String(block.first),
      String(block.images.count),
    ])
    return try stored(identity, "purified")
  }
}
