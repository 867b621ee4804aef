import RetortDriver
import RetortFormats
import RetortTensor
import RetortText

extension Evaluator {
  /// Each task's loss on clean, attacked and purified images.
  func losses(_ made: [Points]) throws -> [EvaluationResults.LossSample] {
    guard let wanted = recipe.losses else { return [] }
    let request = try context.request(
      wanted.graph, entry: wanted.entry, wanted.settings, seed: recipe.seeds[0])
    let runner = try context.runner(request)
    let own = try context.identity(request)
    let gflop = Double(try context.operationCount(request)) / 1e9
    let tasks = runner.lossNames
    var samples: [EvaluationResults.LossSample] = []
    func measure(_ title: String, _ count: Int, _ pixels: (Int, EvaluationBlock) throws -> HostTensor)
      throws
    {
      var values = [String: [Double]]()
      for (index, block) in blocks(count).enumerated() {
        let images = ImageSet(pixels: try pixels(index, block), labels: [])
        let identity = EvaluationContext.joined(
          ["losses", own, SHA256.hexadecimal(images.pixels.bytes), String(block.first)])
        let share = Double(block.images.count) * gflop
        var found = context.store.block(identity)
        if found != nil {
          self.found(share)
        } else {
          found = try measured("losses on \(title)", block.images.count, share) {
            try runner.results(images, keys: block.keys)
          }
          try context.store.keep(found!, as: identity)
        }
        for task in tasks {
          let losses = found?[task]?.doubles ?? []
          guard losses.count == block.images.count, losses.allSatisfy(\.isFinite) else {
            throw Diagnostics("the loss '\(task)' on \(title) is not a number for every image")
          }
          values[task, default: []] += losses
        }
      }
      samples += tasks.map { .init(task: $0, points: title, values: values[$0] ?? []) }
    }
    for name in wanted.attacks {
      guard let number = schedule.points.firstIndex(where: { $0.name == name && $0.arm == nil })
      else {
        throw Diagnostics(
          "\"losses\" asks for \"\(name)\", whose points are made for each arm apart")
      }
      let (plan, points) = (schedule.points[number], made[number])
      // Whole blocks, so that what was purified with them is found again.
      let count = min(plan.images, wholeBlocks(wanted.images))
      try measure(name, count) { try self.points(points, $0, $1) }
      for name in wanted.arms {
        let arm = recipe.arms.first { $0.name == name }!
        let answers = try AnswerRunner(arm, context, seed: recipe.seeds[0])
        try measure("\(plan.name), purified by \(name)", count) {
          try purified(arm, plan, points, $0, $1, answers)
        }
      }
    }
    return samples
  }

  /// A number of images filled up to whole blocks.
  func wholeBlocks(_ count: Int) -> Int {
    min(images.count, (count + recipe.batch - 1) / recipe.batch * recipe.batch)
  }

  /// The first images in pictures: clean, attacked, purified, and both differences amplified.
  func gallery(_ made: [Points]) throws -> [EvaluationResults.GalleryRow] {
    guard let wanted = recipe.gallery else { return [] }
    let number = schedule.points.firstIndex {
      $0.name == wanted.attack && ($0.arm == nil || $0.arm?.name == wanted.arm)
    }!
    let (plan, points) = (schedule.points[number], made[number])
    let arm = recipe.arms.first { $0.name == wanted.arm }!
    let runner = try AnswerRunner(arm, context, seed: recipe.seeds[0])
    var rows: [EvaluationResults.GalleryRow] = []
    for (index, block) in blocks(plan.images).enumerated() where block.first < wanted.images {
      let attacked = try self.points(points, index, block)
      let purified = try purified(arm, plan, points, index, block, runner)
      let pictures = [block.images.pixels, attacked, purified]
      let answers = try pictures.map { try runner.answers($0) }
      for row in 0..<min(block.images.count, wanted.images - block.first) {
        let planes = pictures.map { $0.picture(row) }
        var panels = zip(["clean", plan.name, "purified by \(arm.name)"], planes).enumerated().map {
          EvaluationResults.GalleryRow.Panel(
            caption: $1.0, answer: answers[$0][row], png: Thumbnail.png($1.1))
        }
        panels.append(.init(
          caption: "what the attack added, ×\(Thumbnail.gain)", answer: nil,
          png: Thumbnail.difference(planes[1], planes[0])))
        panels.append(.init(
          caption: "what the purifier added, ×\(Thumbnail.gain)", answer: nil,
          png: Thumbnail.difference(planes[2], planes[1])))
        rows.append(.init(
          image: block.first + row, label: block.images.labels[row], panels: panels))
      }
    }
    return rows
  }
}
