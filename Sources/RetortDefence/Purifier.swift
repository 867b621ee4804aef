import RetortDriver
import RetortFormats
import RetortTensor
import RetortText

/// A purifier and its classifier, compiled and ready for images in any number, one after the other.
package final class Purifier {
  private let purification: Purification
  private let weights: Weights
  private let purifying: BatchLadder
  private let classifying: BatchLadder

  package init(_ purification: Purification, height: Int, width: Int) throws {
    self.purification = purification
    let (purifier, classifier) = try purification.requests()
    let weights = try Weights(reading: purification.request.weightPaths)
    self.weights = weights
    func ladder(_ request: Request) throws -> BatchLadder {
      let ladder = try BatchLadder(
        request, batch: purification.batch ?? Purification.defaultBatch, height: height,
        width: width, weights: request.isDefinition ? weights : nil)
      if let batch = purification.batch, batch != ladder.batch {
        throw Diagnostics(
          "takes \(ladder.batch) images at a time, not \(batch)", path: request.path,
          hint: "leave --batch out; fewer images are filled up")
      }
      return ladder
    }
    purifying = try ladder(purifier)
    classifying = try ladder(classifier)
  }

  /// - Parameters:
  ///   - roundsToBytes: whether the purified images will be stored in 8 bits; they are rounded then,
  ///     and the answer after is the answer for the rounded images.
  ///   - first: the place of the first image, where draws come from places.
  package func run(
    _ images: ImageSet, roundsToBytes: Bool, first: Int = 0,
    observer: (any ProgressObserver)? = nil
  ) throws -> Purification.Outcome {
    let purifier = try purifying.runner(for: images.count)
    let classifier = try classifying.runner(for: images.count)
    let before = try classifier.answers(images.pixels)
    let bare = ImageSet(pixels: images.pixels, labels: [])
    let keys =
      purification.keySource == .content
      ? bare.contentKeys : (0..<images.count).map { ImageKey(index: first + $0) }
    var purified = try purifier.purified(
      bare, keys: keys, progress: observer?.following("purifying", images.count))
    if roundsToBytes { purified = purified.roundedToBytes }
    let after = try classifier.answers(purified)
    return Purification.Outcome(
      purified: purified, before: before, after: after, notes: notes(purifier, classifier))
  }

  /// What is told of both is told once.
  private func notes(_ purifier: BatchRunner, _ classifier: BatchRunner) -> [Diagnostic] {
    let told = Set(purifier.notes.map(\.message))
    return purifier.notes + classifier.notes.filter { !told.contains($0.message) }
      + Weights.note(unused: unused(purifier, classifier))
  }

  /// The names of the weight files that neither reads. Plans and models read none of them.
  private func unused(_ purifier: BatchRunner, _ classifier: BatchRunner) -> [String] {
    [purifier, classifier].filter(\.request.isDefinition).reduce(weights.names) {
      let unused = Set($1.unusedWeights)
      return $0.filter(unused.contains)
    }
  }
}
