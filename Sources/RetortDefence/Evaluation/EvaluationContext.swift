import Foundation
import RetortDriver
import RetortFormats
import RetortIR
import RetortPasses
import RetortRuntime
import RetortSyntax
import RetortTensor
import RetortText

/// What all parts of an evaluation share: the model, its weights, how to compile and where finished
/// blocks are kept.
struct EvaluationContext {
  /// A request without path, entry and settings.
  let template: Request
  /// The model as a setting (`backbone(_:classCount:_:)`).
  let backbone: String
  /// For messages.
  let recipePath: String
  /// How many classes the recipe names; nil where it names none.
  let classCount: Int?
  let weights: Weights
  /// Name and SHA-256 of each file of weights.
  let weightSources: [EvaluationResults.Source]
  /// Retort's version, the processor family and how it runs: what equal bytes depend on.
  let program: String
  let store: EvaluationStore
  let batch: Int
  let height: Int
  let width: Int

  /// One image, for what does not depend on images.
  private var sample: HostTensor { HostTensor(zeros: TensorType(.f32, [1, 3, height, width])) }

  /// A model as graphs get it. Objectives on a shared backbone do not say how many classes it has, so
  /// that the recipe's number is bound to the model itself. One that has settings already keeps to
  /// them.
  static func backbone(
    _ text: String, classCount: Int?, _ library: GraphLibrary
  ) throws(Diagnostics) -> String {
    guard let classCount else { return text }
    let setting = SettingSyntax(text, of: .graph)
    // What answers in every evaluation: it finds models as all graphs do.
    let classifier = try Compiler(library: library).load(library.path("blocks/classify.graph"))
    guard let model = try classifier.graph(of: setting),
      model.arguments.contains(where: { $0.name == "classes" })
    else { return text }
    return "partial(\(setting.spelling), classes: \(classCount))"
  }

  /// A graph with settings on the evaluated model. Algorithms do not depend on the batch.
  func request(
    _ path: String, entry: String? = nil, _ settings: [(name: String, value: String)],
    seed: UInt64
  ) throws -> Request {
    var request = template
    request.path = try self.path(path)
    request.entry = entry
    request.settings = settings
    request.seed = seed
    request.fixesAlgorithms = true
    if try declares("backbone", request) { request.settings.append(("backbone", backbone)) }
    if let classCount, try declares("classes", request) {
      request.settings.append(("classes", String(classCount)))
    }
    return request
  }

  /// The path of a graph that the recipe names: absolute, or in the library.
  ///
  /// - Throws: where there is none.
  func path(_ named: String) throws(Diagnostics) -> String {
    let path = template.library.resolved(named)
    guard InputFile.isMissing(path) else { return path }
    let folder = (path as NSString).deletingLastPathComponent
    let around = (try? InputFile.names(inFolder: folder)) ?? []
    let nearest = Suggestion.nearest(to: (path as NSString).lastPathComponent, in: around)
    throw Diagnostics(
      "names the graph \"\(named)\", which there is not", path: recipePath,
      hint: nearest.map { "did you mean \($0)?" }
        ?? "paths are absolute, or in the library of graphs, which is \(template.library.folder)")
  }

  func declares(_ setting: String, _ request: Request) throws -> Bool {
    try !request.declared([(setting, "")]).isEmpty
  }

  /// How far an attack's steps go; nil where its graph does not declare `steps` and `step_size`.
  func walk(_ request: Request) throws -> EvaluationResults.Walk? {
    guard try declares("steps", request), try declares("step_size", request) else { return nil }
    let numbers = try request.numbers(inputs: ["x": sample])
    guard let steps = numbers["steps"].flatMap(Int.init(exactly:)), let size = numbers["step_size"],
      size.isFinite
    else { return nil }
    return EvaluationResults.Walk(steps: steps, stepSize: size)
  }

  /// The request's programs, for the batch and for fewer images.
  func ladder(_ request: Request) throws -> BatchLadder {
    try BatchLadder(request, batch: batch, height: height, width: width, weights: weights)
  }

  /// Operations of a request for one image, without what weights alone decide.
  func operationCount(_ request: Request) throws -> Int {
    return try request.graph(at: .hoisted, inputs: ["x": sample]).graph.operationCount
  }

  /// What decides a request's results, besides the images: its graph, the weights, the seed, the
  /// program.
  func identity(_ request: Request) throws -> String {
    let (graph, _) = try request.graph(at: .elaborated, inputs: ["x": sample])
    var hash = SHA256()
    hash.update(program + "\n")
    // A graph may treat its images together, so that their number matters.
    hash.update("batch \(batch)\n")
    for source in weightSources { hash.update("\(source.name) \(source.sha256)\n") }
    hash.update("seed \(request.seed)\n")
    hash.update(Printer().text(graph))
    return hash.hexadecimal
  }

  /// An identity of several others.
  static func joined(_ parts: [String]) -> String {
    SHA256.hexadecimal(Array(parts.joined(separator: "\n").utf8))
  }
}
