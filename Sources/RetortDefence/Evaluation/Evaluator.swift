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
  /// What was computed in this process, and how long it took.
  package var timing = EvaluationTiming()
  var work = Work()

  /// - Parameters:
  ///   - data: the name of the images' file.
  ///   - request: how to compile and run; its weights come behind the recipe's.
  ///   - program: Retort's version and the processor family.
  ///   - cache: the folder for finished blocks.
  package init(
    _ recipe: EvaluationRecipe, images: ImageSet, data: String, request: Request, program: String,
    cache: String, shard: Shard = .whole, observer: any ProgressObserver
  ) throws {
    self.recipe = recipe
    self.shard = shard
    self.observer = observer
    schedule = try EvaluationSchedule(recipe, count: images.count)
    self.images = images.slice(0..<(recipe.images ?? images.count))
    dataSource = .init(name: data, sha256: self.images.checksum)
    var template = request
    template.weightPaths =
      recipe.weights.map { request.library.path("weights/" + $0) } + request.weightPaths
    context = EvaluationContext(
      template: template, backbone: recipe.backbone,
      weights: try Weights(reading: template.weightPaths),
      weightSources: try template.weightPaths.map { path in
        .init(
          name: String(path.split(separator: "/").last ?? "weights"),
          sha256: SHA256.hexadecimal(try InputFile.read(path)))
      },
      program: program, store: try EvaluationStore(cache), batch: recipe.batch,
      height: images.height, width: images.width)
  }

  /// The blocks of the first images that are this shard's.
  func blocks(_ count: Int) -> [EvaluationBlock] {
    stride(from: 0, to: count, by: recipe.batch).enumerated()
      .filter { $0.offset % shard.count == shard.index }
      .map { number, first in
        EvaluationBlock(number, first..<min(first + recipe.batch, count), of: images)
      }
  }

  /// Computes what is missing.
  package func run() throws -> EvaluationShard {
    let classifier = try AnswerRunner(nil, context, seed: recipe.seeds[0])
    try classifier.check(labels: images.labels)
    var results = EvaluationResults(
      about: recipe.about, recipe: .init(name: "recipe", sha256: recipe.checksum),
      program: context.program, data: dataSource, dataNote: recipe.dataNote,
      weights: context.weightSources, backbone: recipe.backbone,
      classNames: recipe.classNames.isEmpty
        ? (0..<classifier.classCount).map(String.init) : recipe.classNames,
      labels: blocks(images.count).flatMap(\.images.labels), seeds: recipe.seeds,
      arms: try schedule.arms.map(describe), attacks: [], cells: [], losses: [],
      comparisons: recipe.comparisons, sweeps: schedule.sweeps, gallery: [])
    guard results.classNames.count == classifier.classCount else {
      throw Diagnostics(
        "the recipe names \(results.classNames.count) classes, the model has "
          + "\(classifier.classCount)")
    }
    let costs = try schedule.points.map(cost)
    plan(costs, results.arms)
    var made: [Points] = []
    for (number, plan) in schedule.points.enumerated() {
      made.append(try makePoints(plan, cost: costs[number], classifier))
      results.attacks.append(made[number].description)
      for cell in schedule.cells where cell.points == number {
        results.cells.append(try answer(cell, plan, made[number], results.arms))
      }
    }
    results.losses = try losses(made)
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
