import RetortDriver
import RetortFormats
import RetortSyntax
import RetortTensor
import RetortText

/// Purifies images and asks the classifier before and after.
///
/// A purifier's file holds the purifier as its first graph, `purify(x, key) -> (purified)`, and
/// beside it `classify(x) -> (logits)` on the same backbone.
package struct Purification {
  package let request: Request
  package var batch = 32

  package init(request: Request) { self.request = request }

  /// What became of the images.
  package struct Outcome {
    package let purified: HostTensor
    /// Predictions for the images as they came and as they are written.
    package let before: [Int]
    package let after: [Int]
    package let notes: [Diagnostic]
  }

  /// - Parameter roundsToBytes: whether the purified images will be stored in 8 bits; they are
  ///   rounded then, and the answer after is the answer for the rounded images.
  package func run(
    _ images: ImageSet, roundsToBytes: Bool, observer: (any ProgressObserver)? = nil
  ) throws -> Outcome {
    guard !Artifact.isArtifact(request.path) else {
      throw Diagnostics(
        "is a plan of one graph; purifying asks the classifier too", path: request.path,
        hint: "give the definition of the purifier")
    }
    let (purifying, classifying) = try requests()
    // A smaller batch gives the same images sooner.
    let batch = max(1, min(batch, images.count))
    let purifier = try BatchRunner(
      purifying, batch: batch, height: images.height, width: images.width)
    let classifier = try BatchRunner(
      classifying, batch: batch, height: images.height, width: images.width)
    try check(purifier.resultType, classifier.resultType, images, batch: batch)
    let before = try classifier.run(images.pixels).predictions
    var purified = try purifier.run(images.pixels, title: "purifying", observer: observer)
    if roundsToBytes { purified = purified.roundedToBytes }
    let after = try classifier.run(purified).predictions
    return Outcome(purified: purified, before: before, after: after, notes: purifier.notes)
  }

  /// What a file's own graphs may have wrong.
  private func check(
    _ purified: TensorType, _ logits: TensorType, _ images: ImageSet, batch: Int
  ) throws(Diagnostics) {
    let expected = TensorType(.f32, [batch, 3, images.height, images.width])
    guard purified == expected else {
      throw Diagnostics(
        "the purifier's result is \(purified), but images are \(expected)", path: request.path)
    }
    guard logits.element == .f32, logits.rank == 2, logits.shape[1] > 0 else {
      throw Diagnostics(
        "the result of 'classify' is \(logits), not logits f32[\(batch), classes]",
        path: request.path)
    }
  }

  /// The purifier and the same file's graph `classify`, each with those settings that it declares.
  ///
  /// - Throws: for a setting that neither declares.
  package func requests() throws -> (purifying: Request, classifying: Request) {
    let definition = try Compiler(library: request.library).load(request.path)
    guard definition.entries.contains(where: { $0.name == "classify" }) else {
      throw Diagnostics(
        "has no graph 'classify', which gives the answers", path: request.path,
        hint: "add: graph classify(x: f32[n, 3, 32, 32]) -> (logits: f32[n, 10]) { ... }")
    }
    var classifier = request
    classifier.entry = "classify"
    classifier.settings = try classifier.declared(request.settings)
    var purifier = request
    let own = try request.declared(request.settings)
    let known = Set((own + classifier.settings).map(\.name))
    // What neither knows stays, so that elaboration says so with the nearest name.
    purifier.settings = request.settings.filter { setting in
      own.contains { $0.name == setting.name } || !known.contains(setting.name)
    }
    return (purifier, classifier)
  }
}

/// The classifier's answers before and after, an image a line.
package struct PurificationTable {
  private let images: ImageSet
  private let outcome: Purification.Outcome

  package init(images: ImageSet, outcome: Purification.Outcome) {
    self.images = images
    self.outcome = outcome
  }

  package var text: String {
    let isLabelled = images.labels.count == images.count
    var table = TextTable(["image", "before", "after"] + (isLabelled ? ["label"] : []))
    for index in 0..<images.count {
      let name = images.names.isEmpty ? String(index) : images.names[index]
      let answers = [String(outcome.before[index]), String(outcome.after[index])]
      table.add([name] + answers + (isLabelled ? [String(images.labels[index])] : []))
    }
    guard isLabelled, images.count > 0 else { return table.text }
    func share(_ answers: [Int]) -> String {
      let right = zip(answers, images.labels).count { $0 == $1 }
      return "\(right) of \(images.count)"
    }
    return table.text + "right before: \(share(outcome.before)), after: \(share(outcome.after))\n"
  }
}
