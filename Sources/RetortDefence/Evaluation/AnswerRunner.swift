import RetortDriver
import RetortTensor
import RetortText

/// An arm: purifies points, where it has a purifier, and asks the classifier.
final class AnswerRunner {
  let classCount: Int
  /// What decides its answers, besides the points.
  let identity: String
  private let purifier: BatchRunner?
  private let classifier: BatchRunner

  /// - Parameter arm: nil for the classifier alone.
  init(
    _ arm: EvaluationRecipe.Arm?, _ context: EvaluationContext, seed: UInt64
  ) throws {
    var identities: [String] = []
    if let arm, let path = arm.purifier {
      let request = try context.request(path, arm.settings, seed: seed)
      identities.append(try context.identity(request))
      let runner = try context.runner(request)
      let expected = runner.imageType
      guard runner.resultType == expected else {
        throw Diagnostics(
          "the purifier's result is \(runner.resultType), but images are \(expected)",
          path: request.path)
      }
      purifier = runner
    } else {
      purifier = nil
    }
    let request = try Self.classifying(context)
    identities.append(try context.identity(request))
    classifier = try context.runner(request)
    let type = classifier.resultType
    guard type.element == .f32, type.rank == 2, type.shape[1] > 1 else {
      throw Diagnostics("the model's result is \(type), not logits", path: request.path)
    }
    classCount = type.shape[1]
    identity = EvaluationContext.joined(identities)
  }

  private static func classifying(_ context: EvaluationContext) throws -> Request {
    try context.request("purifiers/none.graph", entry: "classify", [], seed: 0)
  }

  /// Operations to purify and classify one image.
  static func operationCount(
    _ arm: EvaluationRecipe.Arm, _ context: EvaluationContext
  ) throws -> Int {
    var count = try context.operationCount(try classifying(context))
    if let path = arm.purifier {
      count += try context.operationCount(try context.request(path, arm.settings, seed: 0))
    }
    return count
  }

  /// - Throws: for a label that the model has no class for.
  func check(labels: [Int]) throws(Diagnostics) {
    guard let wrong = labels.firstIndex(where: { $0 < 0 || $0 >= classCount }) else { return }
    throw Diagnostics(
      "image \(wrong) has the label \(labels[wrong]), the model has \(classCount) classes")
  }

  func answers(_ images: HostTensor) throws -> [Int] { try classifier.run(images).predictions }

  /// The points as the arm changes them.
  func purified(_ points: HostTensor, _ keys: [ImageKey]) throws -> HostTensor {
    guard let purifier else { return points }
    let set = ImageSet(pixels: points, labels: [])
    return try purifier.results(set, keys: keys)[purifier.resultName]!
  }
}
