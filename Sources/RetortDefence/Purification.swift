import RetortDriver
import RetortFormats
import RetortSyntax
import RetortTensor
import RetortText

/// Purifies images and asks the classifier before and after.
///
/// A purifier's definition holds the purifier as its first graph, `purify(x, key) -> (purified)`, and
/// may hold `classify(x) -> (logits)` beside it; else its argument `backbone` is the classifier. A
/// plan or a model of ONNX holds one graph, so that the classifier has a file of its own.
package struct Purification {
  /// What decides an image's draws, besides the seed.
  package enum KeySource: String, Sendable, CaseIterable {
    /// Its pixels: the same image is purified the same way wherever it stands.
    case content
    /// Its place among the images, as evaluations have it.
    case index
  }

  package static let defaultBatch = 32

  package let request: Request
  /// A definition, a plan or a model of ONNX that gives the answers, in place of the purifier's own
  /// classifier.
  package var classifierPath: String?
  /// Images at a time; nil for what a plan or a model fixes, else `defaultBatch`.
  package var batch: Int?
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
  /// - Throws: for a setting that neither declares, where there is no classifier, and for weights
  ///   where both hold their own.
  package func requests() throws -> (purifying: Request, classifying: Request) {
    var purifier = request
    if request.isDefinition, let n = request.settings.first(where: { $0.name == "n" }) {
      throw Diagnostics(
        "the images that are purified at a time are --batch", path: "--set n=\(n.value)",
        hint: "--batch \(n.value)")
    }
    var classifier = try classifierRequest()
    guard request.weightPaths.isEmpty || purifier.isDefinition || classifier.isDefinition else {
      throw Diagnostics(
        "holds its own weights, and so does the classifier", path: request.path,
        hint: "leave --weights out, which definitions take")
    }
    classifier.settings = try declared(by: classifier)
    let own = try declared(by: purifier)
    let known = Set((own + classifier.settings).map(\.name))
    // What neither knows stays, so that whoever reads the purifier says so with the nearest name.
    purifier.settings = request.settings.filter { setting in
      own.contains { $0.name == setting.name } || !known.contains(setting.name)
    }
    return (purifier.withoutForeignWeights, classifier.withoutForeignWeights)
  }

  /// The classifier is the file that was given, the purifier's own graph `classify`, or else the
  /// backbone that the purifier's argument of that name says.
  private func classifierRequest() throws -> Request {
    var classifier = request
    classifier.entry = nil
    if let classifierPath {
      classifier.path = classifierPath
      return classifier
    }
    guard request.isDefinition else {
      throw Diagnostics(
        "holds one graph, and purifying asks a classifier too", path: request.path,
        hint: "name the classifier, a definition, a plan or a model: --classifier FILE")
    }
    let definition = try Compiler(library: request.library).load(request.path)
    if definition.entries.contains(where: { $0.name == "classify" }) {
      classifier.entry = "classify"
      return classifier
    }
    guard try !request.declared([("backbone", "")]).isEmpty else {
      throw Diagnostics(
        "has no graph 'classify', which gives the answers", path: request.path,
        hint: "add: graph classify(x: f32[n, 3, 32, 32]) -> (logits: f32[n, 10]) { ... }"
          + ", or name a classifier with --classifier FILE")
    }
    classifier.path = request.library.path("blocks/classify.graph")
    return classifier
  }

  /// The settings that a definition declares; plans and models declare none.
  private func declared(by asked: Request) throws -> [(name: String, value: String)] {
    asked.isDefinition ? try asked.declared(request.settings) : []
  }
}

extension Request {
  /// A plan and a model keep the weights that they hold: those of files are another network's.
  fileprivate var withoutForeignWeights: Request {
    if isDefinition { return self }
    var request = self
    request.weightPaths = []
    return request
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
