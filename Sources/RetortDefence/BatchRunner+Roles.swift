import RetortTensor
import RetortText

/// What a program does as a purifier or as a classifier, with what a file's own graphs may have
/// wrong.
extension BatchRunner {
  /// The images purified.
  ///
  /// - Parameters:
  ///   - seed: of the draws, in place of the request's.
  ///   - owner: whose images they are, for messages.
  /// - Throws: unless the result is images, every value in [0, 1].
  func purified(
    _ images: ImageSet, keys: [ImageKey], seed: UInt64? = nil, of owner: String? = nil,
    progress: ((Double) -> Void)? = nil
  ) throws -> HostTensor {
    guard resultType == imageType else {
      throw Diagnostics(
        "the purifier's result is \(resultType), but images are \(imageType)", path: request.path)
    }
    let all = try results(images, keys: keys, seed: seed, progress: progress)
    let purified = all[resultName]!
    let pixels = purified.elements(as: Float.self)
    guard pixels.allSatisfy({ 0 <= $0 && $0 <= 1 }) else {
      if pixels.contains(where: \.isNaN) {
        throw Diagnostics(
          "the purified images\(Self.suffix(owner)) hold NaN", path: request.path,
          hint: "'retort run --check-finite' stops at the first node that makes one")
      }
      throw Diagnostics(
        "the purified images\(Self.suffix(owner)) are not in [0, 1]", path: request.path,
        hint: "a purifier ends with into_box, or clamps")
    }
    return purified
  }

  /// - Throws: unless the result is logits of two classes or more.
  func classCount() throws(Diagnostics) -> Int {
    guard resultType.element == .f32, resultType.rank == 2, resultType.shape[1] > 1 else {
      throw Diagnostics(
        "the result of '\(graphName)' is \(resultType), not logits f32[\(batch), classes]",
        path: request.path)
    }
    return resultType.shape[1]
  }

  /// The class of the greatest logit for each image.
  ///
  /// - Throws: where the result is no logits, or one is not finite.
  func answers(_ images: HostTensor, of owner: String? = nil) throws -> [Int] {
    _ = try classCount()
    let logits = try run(images)
    guard logits.elements(as: Float.self).allSatisfy(\.isFinite) else {
      throw Diagnostics(
        "the classifier's logits on images\(Self.suffix(owner)) hold NaN or infinity",
        path: request.path)
    }
    return logits.predictions
  }

  private static func suffix(_ owner: String?) -> String { owner.map { " of \"\($0)\"" } ?? "" }
}
