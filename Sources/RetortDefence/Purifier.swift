import RetortDriver
import RetortFormats
import RetortTensor
import RetortText

/// A purifier and its classifier, compiled and ready for images in any number, one after the other.
package final class Purifier {
  private let purification: Purification
  private let purifying: BatchLadder
  private let classifying: BatchLadder

  package init(_ purification: Purification, height: Int, width: Int) throws {
    let request = purification.request
    guard !Artifact.isArtifact(request.path) else {
      throw Diagnostics(
        "is a plan of one graph; purifying asks the classifier too", path: request.path,
        hint: "give the definition of the purifier")
    }
    self.purification = purification
    let weights = try Weights(reading: request.weightPaths)
    let (purifier, classifier) = try purification.requests()
    let batch = max(1, purification.batch)
    purifying = try BatchLadder(
      purifier, batch: batch, height: height, width: width, weights: weights)
    classifying = try BatchLadder(
      classifier, batch: batch, height: height, width: width, weights: weights)
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
    try check(purifier, classifier)
    let before = try classifier.run(images.pixels).predictions
    let bare = ImageSet(pixels: images.pixels, labels: [])
    let keys =
      purification.keySource == .content
      ? bare.contentKeys : (0..<images.count).map { ImageKey(index: first + $0) }
    var purified = try purifier.results(
      bare, keys: keys, title: "purifying", observer: observer)[purifier.resultName]!
    if roundsToBytes { purified = purified.roundedToBytes }
    let after = try classifier.run(purified).predictions
    return Purification.Outcome(
      purified: purified, before: before, after: after, notes: purifier.notes)
  }

  /// What a file's own graphs may have wrong.
  private func check(_ purifier: BatchRunner, _ classifier: BatchRunner) throws(Diagnostics) {
    let path = purification.request.path
    guard purifier.resultType == purifier.imageType else {
      throw Diagnostics(
        "the purifier's result is \(purifier.resultType), but images are \(purifier.imageType)",
        path: path)
    }
    let logits = classifier.resultType
    guard logits.element == .f32, logits.rank == 2, logits.shape[1] > 0 else {
      throw Diagnostics(
        "the result of 'classify' is \(logits), not logits f32[\(classifier.batch), classes]",
        path: path)
    }
  }
}
