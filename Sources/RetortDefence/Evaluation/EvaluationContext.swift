import RetortDriver
import RetortFormats
import RetortIR
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortText

/// What all parts of an evaluation share: the model, its weights, how to compile and where finished
/// blocks are kept.
struct EvaluationContext {
  /// A request without path, entry and settings.
  let template: Request
  let backbone: String
  let weights: Weights
  /// Name and SHA-256 of each file of weights.
  let weightSources: [EvaluationResults.Source]
  /// Retort's version and the processor family: what equal bytes depend on.
  let program: String
  let store: EvaluationStore
  let batch: Int
  let height: Int
  let width: Int

  /// A graph with settings on the evaluated model. Algorithms do not depend on the batch.
  func request(
    _ path: String, entry: String? = nil, _ settings: [(name: String, value: String)],
    seed: UInt64
  ) throws -> Request {
    var request = template
    request.path = request.library.path(path)
    request.entry = entry
    request.settings = settings
    request.seed = seed
    request.fixesAlgorithms = true
    if try declares("backbone", request) { request.settings.append(("backbone", backbone)) }
    return request
  }

  func declares(_ setting: String, _ request: Request) throws -> Bool {
    try !request.declared([(setting, "")]).isEmpty
  }

  func runner(_ request: Request, batch: Int? = nil) throws -> BatchRunner {
    try BatchRunner(
      request, batch: batch ?? self.batch, height: height, width: width, weights: weights)
  }

  /// Operations of a request for one image, without what weights alone decide.
  func operationCount(_ request: Request) throws -> Int {
    let sample = HostTensor(zeros: TensorType(.f32, [1, 3, height, width]))
    return try request.graph(at: .hoisted, inputs: ["x": sample]).graph.operationCount
  }

  /// What decides a request's results, besides the images: its graph, the weights, the seed, the
  /// program.
  func identity(_ request: Request) throws -> String {
    let sample = HostTensor(zeros: TensorType(.f32, [1, 3, height, width]))
    let (graph, _) = try request.graph(at: .elaborated, inputs: ["x": sample])
    var hash = SHA256()
    hash.update(program + "\n")
    hash.update("exact \(request.isExact) backend \(request.backend.rawValue)\n")
    for source in weightSources { hash.update(source.sha256 + "\n") }
    hash.update("seed \(request.seed)\n")
    hash.update(Printer().text(graph))
    return hash.hexadecimal
  }

  /// An identity of several others.
  static func joined(_ parts: [String]) -> String {
    SHA256.hexadecimal(Array(parts.joined(separator: "\n").utf8))
  }
}

/// Consecutive images of the data: what is computed, kept and shared out as one.
struct EvaluationBlock {
  /// Its place among the blocks.
  let number: Int
  /// Of its first image in the data.
  let first: Int
  let images: ImageSet
  /// SHA-256 of pixels and labels.
  let checksum: String

  var range: Range<Int> { first..<first + images.count }

  var keys: [ImageKey] { range.map(ImageKey.init(index:)) }

  init(_ number: Int, _ range: Range<Int>, of all: ImageSet) {
    self.number = number
    first = range.lowerBound
    images = all.slice(range)
    checksum = images.checksum
  }
}
