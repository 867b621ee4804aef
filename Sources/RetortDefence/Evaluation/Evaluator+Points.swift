import RetortDriver
import RetortFormats
import RetortTensor
import RetortText

extension Evaluator {
  /// A set of points that is made.
  struct Points {
    let description: EvaluationResults.Attack
    /// Of each block.
    let checksums: [String]
    /// Where each block is kept; empty for the images themselves.
    let identities: [String]
  }

  /// Operations of an attack for one image, in 10^9; of a suite, where no stage breaks it.
  func cost(_ plan: AttackPlan) throws -> Double {
    try plan.stages(context, seed: recipe.seeds[0]).reduce(0) {
      try $0 + Double(context.operationCount($1.request)) / 1e9
    }
  }

  /// Makes what is missing of a set of points, stage by stage, and verifies all of it.
  func makePoints(
    _ plan: AttackPlan, cost: Double, _ classifier: AnswerRunner
  ) throws -> Points {
    let blocks = blocks(plan.images)
    let stages = try plan.stages(context, seed: recipe.seeds[0])
    var identities: [String] = []
    for stage in stages {
      let own = try context.identity(stage.request)
      let previous = identities
      identities = blocks.enumerated().map { index, block in
        EvaluationContext.joined(
          ["points", own, stage.result ?? "", block.checksum, String(block.first)]
            + (previous.isEmpty ? [plan.isSuite ? "broken ones" : "all"] : [previous[index]]))
      }
      let runner = try AttackStageRunner(stage, context)
      for (index, block) in blocks.enumerated() {
        let share = Double(block.images.count) * cost / Double(stages.count)
        if context.store.block(identities[index]) != nil {
          found(share)
          continue
        }
        let before = previous.isEmpty ? nil : previous[index]
        let made = try measured("\(plan.title), \(stage.name)", block.images.count, share) {
          try attack(block, plan, runner, before, classifier)
        }
        try context.store.keep(made, as: identities[index])
      }
    }
    return try verified(plan, blocks, identities, cost)
  }

  /// One stage on one block: on all images, or in a suite on those that are still right.
  private func attack(
    _ block: EvaluationBlock, _ plan: AttackPlan, _ runner: AttackStageRunner,
    _ previous: String?, _ classifier: AnswerRunner
  ) throws -> [String: HostTensor] {
    let labels = block.images.labels
    guard plan.isSuite else {
      return ["points": try runner.points(block, Array(labels.indices))]
    }
    var points = block.images.pixels
    var answers: [Int]
    if let previous {
      points = try stored(previous, "points")
      answers = try stored(previous, "answers").elements(as: Int32.self).map(Int.init)
    } else {
      answers = try classifier.answers(points)
    }
    let chosen = labels.indices.filter { answers[$0] == labels[$0] }
    if !chosen.isEmpty {
      let found = try runner.points(block, chosen)
      let after = try classifier.answers(found)
      var rows = [Int: Int]()
      for (row, index) in chosen.enumerated() where after[row] != labels[index] {
        rows[index] = row
        answers[index] = after[row]
      }
      points = ImageSet.replacing(rows, of: points, by: found)
    }
    return ["points": points, "answers": HostTensor([labels.count], answers.map(Int32.init))]
  }

  func stored(_ identity: String, _ name: String) throws(Diagnostics) -> HostTensor {
    guard let tensor = context.store.block(identity)?[name] else {
      throw Diagnostics(
        "lost the block \(identity)", path: context.store.folder,
        hint: "run again: what is missing is computed again")
    }
    return tensor
  }

  func points(_ points: Points, _ index: Int, _ block: EvaluationBlock) throws -> HostTensor {
    points.identities.isEmpty
      ? block.images.pixels : try stored(points.identities[index], "points")
  }

  /// Norm and box of every point that is kept (DEFENCE 7).
  private func verified(
    _ plan: AttackPlan, _ blocks: [EvaluationBlock], _ identities: [String], _ cost: Double
  ) throws -> Points {
    var extent = PointExtent(norm: plan.attack.norm)
    var checksums: [String] = []
    let bare = Points(description: .init(plan, extent, [], 0), checksums: [], identities: identities)
    for (index, block) in blocks.enumerated() {
      let points = try points(bare, index, block)
      checksums.append(SHA256.hexadecimal(points.bytes))
      extent.take(points, block.images.pixels)
    }
    if let complaint = extent.complaint(epsilon: plan.epsilon.value) {
      throw Diagnostics(
        "the points of \"\(plan.title)\" \(complaint)",
        path: context.template.library.folder,
        hint: "an attack must stay in its ball and in [0, 1]; nothing was scored with them")
    }
    return Points(
      description: .init(plan, extent, checksums, cost), checksums: checksums,
      identities: identities)
  }
}

extension AttackPlan {
  var isSuite: Bool {
    if case .suite = attack.method { true } else { false }
  }

  /// For people: the name, and the arm through which it goes.
  var title: String { arm.map { "\(name) through \($0.name)" } ?? name }
}

extension EvaluationResults.Attack {
  init(_ plan: AttackPlan, _ extent: PointExtent, _ checksums: [String], _ cost: Double) {
    let attack = plan.attack
    var (graph, suite): (String?, String?) = (nil, nil)
    switch attack.method {
    case .clean: break
    case .graph(let path): graph = path
    case .suite(let chosen): suite = chosen.rawValue
    }
    self.init(
      name: plan.name, about: attack.about, level: attack.level, arm: plan.arm?.name,
      graph: graph, suite: suite,
      settings: Dictionary(attack.settings.map { ($0.name, $0.value) }) { first, _ in first },
      norm: attack.norm, epsilon: plan.epsilon.value, images: plan.images,
      greatestDistance: extent.greatestDistance, leastPixel: extent.leastPixel,
      greatestPixel: extent.greatestPixel, unperturbed: extent.unperturbed,
      sha256: EvaluationShard.checksum(ofBlocks: checksums), gflopPerImage: cost)
  }
}
