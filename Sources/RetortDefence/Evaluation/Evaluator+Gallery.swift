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
    let runner = try answerer(arm)
    var rows: [EvaluationResults.GalleryRow] = []
    for (index, block) in blocks(plan.images).enumerated() where block.first < wanted.images {
      let attacked = try self.points(points, index, block)
      let purified = try purified(runner, points, index, block)
      let pictures = [block.images.pixels, attacked, purified]
      let answers = try pictures.map { try runner.answers($0) }
      let added = [
        ("what the attack added", Thumbnail.differences(attacked, block.images.pixels)),
        ("what the purifier added", Thumbnail.differences(purified, attacked)),
      ]
      for row in 0..<min(block.images.count, wanted.images - block.first) {
        let names = ["clean", plan.name, "purified by \(arm.name)"]
        var panels = names.indices.map {
          EvaluationResults.GalleryRow.Panel(
            caption: names[$0], answer: answers[$0][row], png: Thumbnail.png(pictures[$0], row))
        }
        panels += added.map { name, images in
          .init(
            caption: "\(name), ×\(Thumbnail.gain)", answer: nil, png: Thumbnail.png(images, row))
        }
        rows.append(
          .init(
            image: block.first + row, label: block.images.labels[row], panels: panels))
      }
    }
    return rows
  }
}
