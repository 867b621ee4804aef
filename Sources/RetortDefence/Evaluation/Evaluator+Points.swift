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

  /// Makes what is missing of a set of points, stage by stage.
  func makePoints(_ plan: AttackPlan, cost: Double) throws -> Points {
    let blocks = blocks(plan.images)
    let stages = try plan.stages(context, seed: recipe.seeds[0])
    // Whose right answers a suite goes on with.
    let judge = try answerer(plan.arm)
    let judgement = try judge.identity(seed: recipe.seeds[0])
    var identities: [String] = []
    for stage in stages {
      let own = try context.identity(stage.request)
      let previous = identities
      identities = blocks.enumerated().map { index, block in
        EvaluationContext.joined(
          ["points", own, stage.result ?? "", block.checksum, String(block.first)]
            + (plan.isSuite ? ["of those right", judgement] : [])
            + (previous.isEmpty ? [] : [previous[index]]))
      }
      let runner = try AttackStageRunner(stage, context)
      for (index, block) in blocks.enumerated() {
        let title = "\(plan.title), \(stage.name)"
        let share = Double(block.images.count) * cost / Double(stages.count)
        _ = try kept(identities[index], title, block.images.count, share, plan.types(block)) {
          let made = try attack(
            block, plan, runner, previous.isEmpty ? nil : previous[index], judge, $0)
          var extent = PointExtent(norm: plan.attack.norm)
          extent.take(made["points"]!, block.images.pixels)
          if let complaint = extent.complaint(epsilon: plan.epsilon.value) {
            throw Diagnostics(
              "the points of \"\(title)\" \(complaint)", path: stage.request.path,
              hint: extent.remedy(epsilon: plan.epsilon.value))
          }
          return made
        }
      }
    }
    // A suite's stages choose their steps themselves.
    let walk = try plan.isSuite ? nil : stages.first.flatMap { try context.walk($0.request) }
    return try described(plan, blocks, identities, cost, walk)
  }

  /// One stage on one block: on all images, or in a suite on those that are still right.
  private func attack(
    _ block: EvaluationBlock, _ plan: AttackPlan, _ runner: AttackStageRunner,
    _ previous: String?, _ judge: AnswerRunner, _ progress: @escaping (Double) -> Void
  ) throws -> [String: HostTensor] {
    let labels = block.images.labels
    guard plan.isSuite else {
      return ["points": try runner.points(block, Array(labels.indices), progress)]
    }
    func answers(_ points: HostTensor, _ chosen: [Int]) throws -> [Int] {
      try judge.answers(
        try judge.purified(points, chosen.map { block.keys[$0] }, seed: recipe.seeds[0]))
    }
    var points = block.images.pixels
    var given: [Int]
    if let previous {
      let before = try stored(previous, plan.types(block))
      points = before["points"]!
      given = before["answers"]!.elements(as: Int32.self).map(Int.init)
    } else {
      given = try answers(points, Array(labels.indices))
    }
    let chosen = labels.indices.filter { given[$0] == labels[$0] }
    if !chosen.isEmpty {
      let found = try runner.points(block, chosen, progress)
      let after = try answers(found, chosen)
      var rows = [Int: Int]()
      for (row, index) in chosen.enumerated() where after[row] != labels[index] {
        rows[index] = row
        given[index] = after[row]
      }
      points = ImageSet.replacing(rows, of: points, by: found)
    }
    return ["points": points, "answers": HostTensor([labels.count], given.map(Int32.init))]
  }

  /// A block that must have been kept.
  func stored(
    _ identity: String, _ types: [String: TensorType]
  ) throws(Diagnostics) -> [String: HostTensor] {
    guard let block = context.store.block(identity, holding: types) else {
      throw Diagnostics(
        "lost the block \(identity)", path: context.store.folder,
        hint: "run again: what is missing is computed again")
    }
    return block
  }

  func points(_ points: Points, _ index: Int, _ block: EvaluationBlock) throws -> HostTensor {
    try self.points(points.identities, index, block)
  }

  private func points(
    _ identities: [String], _ index: Int, _ block: EvaluationBlock
  ) throws -> HostTensor {
    if identities.isEmpty { return block.images.pixels }
    return try stored(identities[index], ["points": block.images.pixels.type])["points"]!
  }

  /// Norm and box of every point that is kept (DEFENCE 7), and the checksums.
  private func described(
    _ plan: AttackPlan, _ blocks: [EvaluationBlock], _ identities: [String], _ cost: Double,
    _ walk: EvaluationResults.Walk?
  ) throws -> Points {
    var extent = PointExtent(norm: plan.attack.norm)
    var checksums: [String] = []
    for (index, block) in blocks.enumerated() {
      let points = try points(identities, index, block)
      checksums.append(SHA256.hexadecimal(points.bytes))
      extent.take(points, block.images.pixels)
    }
    return Points(
      description: .init(
        plan, try plan.appliedPurifierSettings(context), extent, checksums, cost, walk),
      checksums: checksums, identities: identities)
  }
}

extension AttackPlan {
  var isSuite: Bool {
    if case .suite = attack.method { true } else { false }
  }

  /// For people: the name, and the arm through which it goes.
  var title: String { arm.map { "\(name) through \($0.name)" } ?? name }

  /// What is kept of a block.
  fileprivate func types(_ block: EvaluationBlock) -> [String: TensorType] {
    var types = ["points": block.images.pixels.type]
    if isSuite { types["answers"] = TensorType(.i32, [block.images.count]) }
    return types
  }
}

extension EvaluationResults.Attack {
  fileprivate init(
    _ plan: AttackPlan, _ purifierSettings: [(name: String, value: String)],
    _ extent: PointExtent, _ checksums: [String], _ cost: Double, _ walk: EvaluationResults.Walk?
  ) {
    let attack = plan.attack
    var (graph, suite): (String?, String?) = (nil, nil)
    switch attack.method {
    case .clean: break
    case .graph(let path): graph = path
    case .suite(let chosen): suite = chosen.rawValue
    }
    var settings = Dictionary(attack.settings.map { ($0.name, $0.value) }) { first, _ in first }
    for (name, value) in purifierSettings { settings["purifier." + name] = value }
    if attack.knowsKeys { settings["keys"] = "defender" }
    if let result = attack.result { settings["result"] = result }
    self.init(
      name: plan.name, about: attack.about, level: attack.level, arm: plan.arm?.name,
      graph: graph, suite: suite, settings: settings, norm: attack.norm,
      epsilon: plan.epsilon.value, walk: walk, images: plan.images,
      greatestDistance: extent.greatestDistance, leastPixel: extent.leastPixel,
      greatestPixel: extent.greatestPixel, unperturbed: extent.unperturbed,
      sha256: EvaluationShard.checksum(ofBlocks: checksums), gflopPerImage: cost)
  }
}
