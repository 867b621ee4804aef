import RetortTensor

extension Evaluator {
  /// The first images in pictures: clean, attacked, purified, and both differences amplified.
  func gallery(_ made: [Points]) throws -> [EvaluationResults.GalleryRow] {
    guard let wanted = recipe.gallery else { return [] }
    let number = schedule.points.firstIndex {
      $0.name == wanted.attack && ($0.arm == nil || $0.arm?.name == wanted.arm)
    }!
    let (plan, points) = (schedule.points[number], made[number])
    let arm = recipe.arms.first { $0.name == wanted.arm }!
    let runner = try answerer(arm, seed: recipe.seeds[0])
    var rows: [EvaluationResults.GalleryRow] = []
    for (index, block) in blocks(plan.images).enumerated() where block.first < wanted.images {
      let attacked = try self.points(points, index, block)
      let purified = try purified(runner, points, index, block)
      let pictures = [block.images.pixels, attacked, purified]
      let answers = try pictures.map { try runner.answers($0) }
      for row in 0..<min(block.images.count, wanted.images - block.first) {
        let planes = pictures.map { $0.picture(row) }
        var panels = zip(["clean", plan.name, "purified by \(arm.name)"], planes).enumerated().map {
          EvaluationResults.GalleryRow.Panel(
            caption: $1.0, answer: answers[$0][row], png: Thumbnail.png($1.1))
        }
        panels.append(
          .init(
            caption: "what the attack added, ×\(Thumbnail.gain)", answer: nil,
            png: Thumbnail.difference(planes[1], planes[0])))
        panels.append(
          .init(
            caption: "what the purifier added, ×\(Thumbnail.gain)", answer: nil,
            png: Thumbnail.difference(planes[2], planes[1])))
        rows.append(
          .init(
            image: block.first + row, label: block.images.labels[row], panels: panels))
      }
    }
    return rows
  }
}
