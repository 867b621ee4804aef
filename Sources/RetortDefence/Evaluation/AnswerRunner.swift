import RetortDriver
import RetortTensor
import RetortText

/// An arm: purifies points, where it has a purifier, and asks the classifier. What it runs is
/// compiled when it is first needed.
final class AnswerRunner {
  private typealias Part = (request: Request, ladder: BatchLadder)

  private let context: EvaluationContext
  private let name: String
  private let purifying: Part?
  private let classifying: Part
  private var identities: [UInt64: String] = [:]

  /// - Parameters:
  ///   - arm: nil for the classifier alone.
  ///   - other: whose compiled classifier it takes.
  init(
    _ arm: EvaluationRecipe.Arm?, _ context: EvaluationContext, sharing other: AnswerRunner? = nil
  ) throws {
    func part(_ request: Request) throws -> Part { (request, try context.ladder(request)) }
    self.context = context
    name = arm?.name ?? "none"
    purifying = try arm.flatMap { arm in
      try arm.purifier.map { try part(context.request($0, arm.settings, seed: 0)) }
    }
    classifying = try other?.classifying ?? part(Self.classifying(context))
  }

  /// What decides its answers under a seed of the purifier's draws, besides the points.
  func identity(seed: UInt64) throws -> String {
    if let known = identities[seed] { return known }
    var purifier = purifying?.request
    purifier?.seed = seed
    let made = EvaluationContext.joined(
      try [purifier, classifying.request].compactMap { $0 }.map(context.identity))
    identities[seed] = made
    return made
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
    try classifying.ladder.runner(for: context.batch).classCount()
  }

  /// - Throws: for a label that the model has no class for.
  func checkLabels(_ images: ImageSet, of data: String) throws {
    try images.requireLabels(
      below: classCount(), path: data, hint: "evaluate a model of as many classes, or other data")
  }

  func answers(_ images: HostTensor) throws -> [Int] {
    try classifying.ladder.runner(for: images.shape[0]).answers(images, of: name)
  }

  /// The points as the arm changes them.
  ///
  /// - Throws: where they are no images.
  func purified(
    _ points: HostTensor, _ keys: [ImageKey], seed: UInt64, progress: ((Double) -> Void)? = nil
  ) throws -> HostTensor {
    guard let ladder = purifying?.ladder else { return points }
    return try ladder.runner(for: points.shape[0])
      .purified(
        ImageSet(pixels: points, labels: []), keys: keys, seed: seed, of: name, progress: progress)
  }
}
