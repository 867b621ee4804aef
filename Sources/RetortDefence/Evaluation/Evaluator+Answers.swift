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
    let runner = try answerer(cell.arm)
    let identity = try runner.identity(seed: cell.seed)
    let gflop = arms.first { $0.name == cell.arm.name }!.gflopPerImage
    var answers: [Int] = []
    for (index, block) in blocks(plan.images).enumerated() where block.first < cell.images {
      let count = min(block.images.count, cell.images - block.first)
      let images = block.images.slice(0..<count)
      var types = ["answers": TensorType(.i32, [count])]
      if keepsPurified(cell, plan, block) { types["purified"] = images.pixels.type }
      let found = try kept(
        self.identity(identity, made, index, block, count), "\(cell.arm.name) on \(plan.title)",
        count,
        Double(count) * gflop, types
      ) { progress in
        let all = ImageSet(pixels: try points(made, index, block), labels: [])
        let purified = try runner.purified(
          all.slice(0..<count).pixels, Array(block.keys.prefix(count)), seed: cell.seed,
          progress: progress)
        let given = try runner.answers(purified)
        return ["answers": HostTensor([count], given.map(Int32.init)), "purified": purified]
          .filter { types[$0.key] != nil }
      }
      answers += found["answers"]!.elements(as: Int32.self).map(Int.init)
    }
    return .init(arm: cell.arm.name, attack: plan.name, seed: cell.seed, answers: answers)
  }

  /// Where the answers on the first images of a block are kept.
  private func identity(
    _ runner: String, _ made: Points, _ index: Int, _ block: EvaluationBlock, _ count: Int
  ) -> String {
    EvaluationContext.joined(
      ["answers", runner, made.checksums[index], String(block.first), String(count)])
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

  /// The purified images of a block, which `answer` has kept.
  func purified(
    _ runner: AnswerRunner, _ made: Points, _ index: Int, _ block: EvaluationBlock
  ) throws -> HostTensor {
    let identity = identity(
      try runner.identity(seed: recipe.seeds[0]), made, index, block, block.images.count)
    return try stored(identity, ["purified": block.images.pixels.type])["purified"]!
  }
}
