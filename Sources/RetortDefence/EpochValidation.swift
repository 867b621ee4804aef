import RetortDriver
import RetortTensor
import RetortText

extension Recipe.Validation {
  /// Its graph's, with its own settings before those of the training.
  func request(_ training: Request) throws -> Request {
    var own = try training.companion(graph)
    own.replaceSettings(with: settings)
    return own
  }
}

/// What a training measures after each epoch on images that it does not train on, and what makes it
/// take an epoch back.
///
/// The graph takes `x`, `y` and a key and gives one number an image for each result; their means are
/// shown. An epoch after which the first mean lies more than `fall` below the one before is taken
/// back: catastrophic overfitting of single-step adversarial training (Wong et al., arXiv 2001.03994,
/// section 5.4) shows as such a fall.
final class EpochValidation {
  private let runner: BatchRunner
  private let images: ImageSet
  private let names: [String]
  private let fall: Double
  private var last: Double?

  /// - Parameters:
  ///   - all: every image of the data; those behind the first `trained` are for validation.
  ///   - weights: any, to begin with.
  ///   - path: the recipe's, for messages.
  init(
    _ plan: Recipe.Validation, _ request: Request, _ all: ImageSet, trained: Int, batch: Int,
    weights: Weights, path: String
  ) throws {
    guard trained + plan.images <= all.count else {
      throw Diagnostics(
        "\"validate\" asks for \(plan.images) images behind the first \(trained), the data has"
          + " \(all.count)", path: path, hint: "give more data, or lower \"images\"")
    }
    images = all.slice(trained..<trained + plan.images)
    fall = plan.fall
    var own = try plan.request(request)
    own.keepsWeights = true
    runner = try BatchRunner(
      own, batch: min(batch, plan.images), height: all.height, width: all.width,
      weights: weights)
    names = runner.resultNames
  }

  /// What was found, in words, and whether the epoch is taken back.
  func check(_ weights: Weights) throws -> (text: String, holds: Bool) {
    try runner.bind(weights)
    let results = try runner.results(images)
    let means = names.map { name in
      let values = results[name]!.doubles
      return values.reduce(0, +) / Double(values.count)
    }
    let holds = !means[0].isNaN && last.map { means[0] >= $0 - fall } ?? true
    if holds { last = means[0] }
    let text = zip(names, means).map { "\($0) \(TensorSummary.short($1))" }.joined(separator: "  ")
    return (text, holds)
  }
}
