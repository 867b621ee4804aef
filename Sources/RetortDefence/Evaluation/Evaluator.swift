import Foundation
import RetortDriver
import RetortFormats
import RetortTensor
import RetortText

/// Runs an evaluation: attacks, defences and what is measured of them.
///
/// Everything is computed a block of images at a time. A finished block is kept under the identity
/// of what it was made from, so that a killed evaluation goes on where it was, with the same digits.
package final class Evaluator {
  /// One of several processes or machines that share the blocks: those with `number % count ==
  /// index`.
  package struct Shard: Sendable, Equatable {
    package let index: Int
    package let count: Int

    package init(index: Int, count: Int) {
      precondition(0 <= index && index < count, "no such shard")
      self.index = index
      self.count = count
    }

    package static let whole = Shard(index: 0, count: 1)
  }

  let recipe: EvaluationRecipe
  let context: EvaluationContext
  let schedule: EvaluationSchedule
  let shard: Shard
  let images: ImageSet
  private let dataSource: EvaluationResults.Source
  let observer: any ProgressObserver
  /// How long the blocks took, those that an earlier run computed too.
  package var timing = EvaluationTiming()
  var work = Work()
  /// Blocks that this process computed itself.
  package var computedBlockCount = 0
  private var answerers: [String: AnswerRunner] = [:]
  /// How many arms are compiled at the moment, the classifier alone counted as one.
  package var compiledArmCount: Int { answerers.count }
  private var blockLists: [Int: [EvaluationBlock]] = [:]

  /// - Parameters:
  ///   - data: the name of the images' file.
  ///   - request: how to compile and run; its weights come behind the recipe's.
  ///   - program: Retort's version and build, and the processor family.
  ///   - cache: the folder for finished blocks.
  package init(
    _ recipe: EvaluationRecipe, images: ImageSet, data: String, request: Request, program: String,
    cache: String, shard: Shard = .whole, observer: any ProgressObserver
  ) throws {
    self.recipe = recipe
    self.shard = shard
    self.observer = observer
    schedule = try naming(recipe: recipe.path) {
      try EvaluationSchedule(recipe, count: images.count)
    }
    self.images = images.slice(0..<(recipe.images ?? images.count))
    dataSource = .init(name: data, sha256: self.images.checksum)
    var template = request
    template.weightPaths =
      recipe.weights.map { WeightFile($0).text(in: request.library) } + request.weightPaths
    let classCount = recipe.classNames.isEmpty ? nil : recipe.classNames.count
    context = EvaluationContext(
      template: template,
      backbone: try EvaluationContext.backbone(
        recipe.backbone, classCount: classCount, request.library),
      recipePath: recipe.path, classCount: classCount,
      weights: try Weights(reading: template.weightPaths),
      weightSources: try template.weightPaths.map { text in
        let file = WeightFile(text)
        let name = String(file.path.split(separator: "/").last ?? "weights")
        return .init(
          name: file.prefix.map { "\($0)=\(name)" } ?? name,
          sha256: SHA256.hexadecimal(try InputFile.read(file.path)))
      },
      program: program + ", backend \(request.backend.rawValue)"
        + (request.isExact ? ", exact" : ""),
      store: try EvaluationStore(cache), batch: recipe.batch,
      height: images.height, width: images.width)
  }

  /// The blocks of the first images that are this shard's.
  func blocks(_ count: Int) -> [EvaluationBlock] {
    if let known = blockLists[count] { return known }
    let starts = Array(stride(from: 0, to: count, by: recipe.batch))
    let own = starts.indices.filter { $0 % shard.count == shard.index }.map { number in
      EvaluationBlock(starts[number]..<min(starts[number] + recipe.batch, count), of: images)
    }
    blockLists[count] = own
    return own
  }

  /// The runner of an arm, nil for the classifier alone.
  func answerer(_ arm: EvaluationRecipe.Arm?) throws -> AnswerRunner {
    let name = arm?.name ?? ""
    if let found = answerers[name] { return found }
    let made = try AnswerRunner(arm, context, sharing: arm == nil ? nil : answerer(nil))
    answerers[name] = made
    return made
  }

  /// Lets go of what a sweep's arm was compiled to, when the last of its cells is done.
  private func release(_ arm: EvaluationRecipe.Arm, behind number: Int) {
    let isNeeded =
      recipe.arms.contains { $0.name == arm.name }
      || schedule.cells.contains { $0.points > number && $0.arm.name == arm.name }
    if !isNeeded { answerers[arm.name] = nil }
  }

  /// Computes what is missing.
  package func run() throws -> EvaluationShard {
    let classifier = try answerer(nil)
    let classCount = try naming(recipe: recipe.path, "the model") { try classifier.classCount() }
    try classifier.checkLabels(images, of: dataSource.name)
    // What is wrong with them is said before hours are spent.
    let lossGraph = try recipe.losses.map { wanted in
      try naming(recipe: recipe.path, "the losses") {
        try LossGraph(wanted, context, seed: recipe.seeds[0])
      }
    }
    var results = EvaluationResults(
      about: recipe.about, recipe: .init(name: recipe.name, sha256: recipe.checksum),
      program: context.program, data: dataSource, dataNote: recipe.dataNote,
      weights: context.weightSources, backbone: recipe.backbone,
      cleanAccuracy: recipe.cleanAccuracy,
      classNames: recipe.classNames.isEmpty
        ? (0..<classCount).map(String.init) : recipe.classNames,
      labels: blocks(images.count).flatMap(\.images.labels), seeds: recipe.seeds,
      arms: try schedule.arms.map { arm in
        try naming(recipe: recipe.path, "the arm \"\(arm.name)\"") { try describe(arm) }
      }, attacks: [], cells: [], losses: [],
      comparisons: recipe.comparisons, sweeps: schedule.sweeps, gallery: [])
    guard results.classNames.count == classCount else {
      throw Diagnostics(
        "names \(results.classNames.count) classes, the model has \(classCount)",
        path: recipe.path)
    }
    try AttackPlan.checkPurifierSettings(schedule.points, context)
    let costs = try schedule.points.map { plan in
      try naming(recipe: recipe.path, "the attack \"\(plan.name)\"") { try cost(plan) }
    }
    plan(costs, results.arms)
    var made: [Points] = []
    for (number, plan) in schedule.points.enumerated() {
      made.append(try makePoints(plan, cost: costs[number]))
      results.attacks.append(made[number].description)
      for cell in schedule.cells where cell.points == number {
        results.cells.append(try answer(cell, plan, made[number], results.arms))
        release(cell.arm, behind: number)
      }
    }
    if let lossGraph { results.losses = try losses(lossGraph, made) }
    results.gallery = try gallery(made)
    return EvaluationShard(
      index: shard.index, count: shard.count, blockSize: recipe.batch, imageCount: images.count,
      blockChecksums: made.map(\.checksums), results: results)
  }

  private func describe(_ arm: EvaluationRecipe.Arm) throws -> EvaluationResults.Arm {
    .init(
      name: arm.name, about: arm.about, purifier: arm.purifier,
      settings: Dictionary(arm.settings.map { ($0.name, $0.value) }) { first, _ in first },
      gflopPerImage: Double(try AnswerRunner.operationCount(arm, context)) / 1e9)
  }
}
