import RetortDriver
import RetortFormats
import RetortSyntax
import RetortTensor
import RetortText

/// Purifies images and asks the classifier before and after.
///
/// A purifier's file holds the purifier as its first graph, `purify(x, key) -> (purified)`, and may
/// hold `classify(x) -> (logits)` beside it; else its argument `backbone` is the classifier.
package struct Purification {
  /// What decides an image's draws, besides the seed.
  package enum KeySource: String, Sendable, CaseIterable {
    /// Its pixels: the same image is purified the same way wherever it stands.
    case content
    /// Its place among the images, as evaluations have it.
    case index
  }

  package let request: Request
  package var batch = 32
  package var keySource = KeySource.content

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
    try Purifier(self, height: images.height, width: images.width)
      .run(images, roundsToBytes: roundsToBytes, observer: observer)
  }

  /// The purifier and the classifier, each with those settings that it declares.
  ///
  /// The classifier is the same file's graph `classify`, or else the backbone that the purifier's
  /// argument of that name says.
  /// - Throws: for a setting that neither declares, and where there is no classifier.
  package func requests() throws -> (purifying: Request, classifying: Request) {
    let definition = try Compiler(library: request.library).load(request.path)
    var classifier = request
    if definition.entries.contains(where: { $0.name == "classify" }) {
      classifier.entry = "classify"
    } else {
      guard try !request.declared([("backbone", "")]).isEmpty else {
        throw Diagnostics(
          "has no graph 'classify', which gives the answers", path: request.path,
          hint: "add: graph classify(x: f32[n, 3, 32, 32]) -> (logits: f32[n, 10]) { ... }")
      }
      classifier.path = request.library.path("blocks/classify.graph")
      classifier.entry = nil
    }
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
