import RetortDriver
import RetortTensor
import RetortText

/// An arm: purifies points, where it has a purifier, and asks the classifier. What it runs is
/// compiled when it is first needed.
final class AnswerRunner {
  /// What decides its answers, besides the points.
  let identity: String
  private let context: EvaluationContext
  private let name: String
  private let purifying: Request?
  private let classifying: Request
  private lazy var purifier = Result { try purifying.map(context.ladder) }
  private lazy var classifier = Result { try context.ladder(classifying) }

  /// - Parameter arm: nil for the classifier alone.
  init(
    _ arm: EvaluationRecipe.Arm?, _ context: EvaluationContext, seed: UInt64
  ) throws {
    self.context = context
    name = arm?.name ?? "none"
    purifying = try arm.flatMap { arm in
      try arm.purifier.map { try context.request($0, arm.settings, seed: seed) }
    }
    classifying = try Self.classifying(context)
    identity = EvaluationContext.joined(
      try [purifying, classifying].compactMap { $0 }.map(context.identity))
  }

  private static func classifying(_ context: EvaluationContext) throws -> Request {
    try context.request("blocks/classify.graph", [], seed: 0)
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

  func classCount() throws -> Int {
    let type = try classifier.get().runner(for: context.batch).resultType
    guard type.element == .f32, type.rank == 2, type.shape[1] > 1 else {
      throw Diagnostics("the model's result is \(type), not logits", path: classifying.path)
    }
    return type.shape[1]
  }

  /// - Throws: for a label that the model has no class for.
  func check(labels: [Int], of data: String) throws {
    let count = try classCount()
    guard let wrong = labels.firstIndex(where: { $0 < 0 || $0 >= count }) else { return }
    throw Diagnostics(
      "image \(wrong) has the label \(labels[wrong]), the model has \(count) classes", path: data,
      hint: "evaluate a model of as many classes, or other data")
  }

  func answers(_ images: HostTensor) throws -> [Int] {
    let logits = try classifier.get().runner(for: images.shape[0]).run(images)
    guard logits.elements(as: Float.self).allSatisfy(\.isFinite) else {
      throw Diagnostics(
        "the model's logits on images of \"\(name)\" hold NaN or infinity", path: classifying.path)
    }
    return logits.predictions
  }

  /// The points as the arm changes them.
  ///
  /// - Throws: where they are no images.
  func purified(_ points: HostTensor, _ keys: [ImageKey]) throws -> HostTensor {
    guard let purifying, let ladder = try purifier.get() else { return points }
    let purifier = try ladder.runner(for: points.shape[0])
    guard purifier.resultType == purifier.imageType else {
      throw Diagnostics(
        "the purifier's result is \(purifier.resultType), but images are \(purifier.imageType)",
        path: purifying.path)
    }
    let set = ImageSet(pixels: points, labels: [])
    let purified = try purifier.results(set, keys: keys)[purifier.resultName]!
    guard purified.elements(as: Float.self).allSatisfy({ 0 <= $0 && $0 <= 1 }) else {
      throw Diagnostics(
        "the purified images of \"\(name)\" are not in [0, 1]", path: purifying.path,
        hint: "a purifier ends with into_box, or clamps")
    }
    return purified
  }
}
