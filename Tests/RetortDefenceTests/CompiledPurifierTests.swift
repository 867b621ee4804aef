import Foundation
import RetortDefence
import RetortDriver
import RetortFormats
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

/// Purifiers and classifiers in files of their own: definitions, plans, models of ONNX.
struct CompiledPurifierTests {
  private let space: TemporaryFolder
  private let images = SyntheticSet.test(count: 7)

  init() throws { space = try TemporaryFolder() }

  enum Form: String, CaseIterable {
    case graph, retort, onnx
  }

  /// One of the graphs of `SmallGraphs.purifier` in a definition of its own.
  private func definition(of entry: String) throws -> Request {
    let parts = SmallGraphs.purifier.components(separatedBy: "\n\n")
    let graph = try #require(parts.first { $0.hasPrefix("graph \(entry)(") })
    var request = Request(
      path: try space.write("\(parts[0])\n\n\(graph)\n", to: "\(entry).graph"),
      library: Repository.library)
    request.seed = 9
    request.threadCount = 1
    return request
  }

  private func weights() throws -> String {
    let weight = HostTensor(
      [10, 3072], (0..<30720).map { Float(($0 * 7919) % 2003) / 2003 - 0.5 })
    let bias = HostTensor([10], (0..<10).map { Float($0 % 3) * 4 })
    return try space.write(
      [("head.weight", weight), ("head.bias", bias)], to: "head.safetensors")
  }

  /// The file of a graph; a plan and a model take 4 images at a time and hold the weights.
  private func file(_ entry: String, as form: Form) throws -> String {
    var request = try definition(of: entry)
    guard form != .graph else { return request.path }
    request.settings = [("n", "4")]
    if entry == "classify" { request.weightPaths = [try weights()] }
    let path = space.file("\(entry).\(form)")
    if form == .retort {
      _ = try PlanWriter(request: request, rebuild: "retort compile").write(to: path)
    } else {
      _ = try OnnxWriter(request: request).write(to: path)
    }
    return path
  }

  private func purification(
    _ purifier: String, _ classifier: String?, batch: Int? = nil, hasWeights: Bool = false
  ) throws -> Purification {
    var request = try definition(of: "purify")
    request.path = purifier
    if hasWeights { request.weightPaths = [try weights()] }
    var purification = Purification(request: request)
    purification.classifierPath = classifier
    purification.batch = batch
    purification.keySource = .index
    return purification
  }

  private func refusal(_ purification: Purification, of other: ImageSet? = nil) throws -> String {
    try complaint { _ = try purification.run(other ?? images, roundsToBytes: false) }
  }

  @Test(arguments: Form.allCases, Form.allCases)
  func everyFormPurifiesAndAnswersAlike(purifier: Form, classifier: Form) throws {
    let whole = try space.write(SmallGraphs.purifier, to: "whole.graph")
    let expected = try purification(whole, nil, hasWeights: true)
      .run(images, roundsToBytes: false)
    let found = try purification(
      file("purify", as: purifier), file("classify", as: classifier),
      hasWeights: classifier == .graph
    ).run(images, roundsToBytes: false)
    #expect(found.purified == expected.purified)
    #expect(found.before == expected.before)
    #expect(found.after == expected.after)
  }

  /// Models from elsewhere call their images what they like and leave the batch open.
  @Test(arguments: [nil, 2, 32])
  func aModelsOpenBatchIsBound(batch: Int?) throws {
    let clamp = try space.write(
      """
      graph clamp(pixels: f32[n, 3, 32, 32]) -> (y: f32[n, 3, 32, 32]) {
        return min(max(pixels, 0.25), 0.75)
      }
      """, to: "clamp.graph")
    var request = Request(path: clamp, library: Repository.library)
    request.settings = [("n", "4")]
    let path = space.file("clamp.onnx")
    _ = try OnnxWriter(request: request).write(to: path)
    var model = try OnnxModel(reading: path)
    var open = OnnxDimension()
    open.symbol = "batch"
    model.graph!.inputs[0].type!.tensor!.shape!.dimensions[0] = open
    model.graph!.outputs[0].type!.tensor!.shape!.dimensions[0] = open
    try space.write(model.protobuf, to: "clamp.onnx")

    let found = try purification(
      path, file("classify", as: .graph), batch: batch, hasWeights: true
    ).run(images, roundsToBytes: false).purified
    let pixels = images.pixels.elements(as: Float.self)
    #expect(found.elements(as: Float.self) == pixels.map { min(max($0, 0.25), 0.75) })
  }

  /// Asked for its inputs and compiled, it is read once.
  @Test(arguments: [Form.retort, .onnx])
  func anOpenedFileIsNotReadAgain(form: Form) throws {
    let whole = try definition(of: "classify")
    var request = whole
    request.path = try file("classify", as: form)
    let opened = try request.opened()
    try FileManager.default.removeItem(atPath: request.path)
    #expect(!opened.isDefinition)
    #expect(try opened.declaredInputs()?.map(\.extents) == [[4, 3, 32, 32]])
    let batch = images.slice(0..<4).pixels
    let results = try opened.executable().executable.run(["x": batch])
    var expected = whole
    expected.weightPaths = [try weights()]
    let (executable, _, _) = try expected.executable(inputs: ["x": batch])
    let answers = try executable.run(["x": batch])["logits"]?.predictions
    #expect(results["logits"]?.predictions == answers)
    #expect(throws: Diagnostics.self) { _ = try opened.closed.executable() }
  }

  @Test func oneGraphAloneAsksForAClassifier() throws {
    for form in [Form.retort, .onnx] {
      let path = try file("purify", as: form)
      let text = try refusal(purification(path, nil))
      #expect(
        text.hasPrefix("\(path): error: holds one graph, and purifying asks a classifier too\n"))
      #expect(text.contains("--classifier FILE"))
    }
  }

  @Test func plansKeepTheirBatchAndTheirWeights() throws {
    let (purifier, classifier) = try (file("purify", as: .retort), file("classify", as: .retort))
    #expect(
      try refusal(purification(purifier, classifier, batch: 8)).hasPrefix(
        "\(purifier): error: takes 4 images at a time, not 8\n"))
    #expect(
      try refusal(purification(purifier, classifier, hasWeights: true)).hasPrefix(
        "\(purifier): error: holds its own weights, and so does the classifier\n"))
  }

  /// Names that two networks share are no reason to mix them.
  @Test(arguments: [Form.retort, .onnx])
  func theClassifiersOwnWeightsStay(form: Form) throws {
    let classifier = try file("classify", as: form)
    let expected = try purification(file("purify", as: .graph), classifier)
      .run(images, roundsToBytes: false)
    var request = try definition(of: "purify")
    request.weightPaths = [
      try space.write(
        [
          ("head.weight", HostTensor(zeros: TensorType(.f32, [10, 3072]))),
          ("head.bias", HostTensor([10], (0..<10).map { Float($0) })),
        ], to: "other.safetensors")
    ]
    var other = Purification(request: request)
    other.classifierPath = classifier
    other.keySource = .index
    #expect(try other.run(images, roundsToBytes: false).before == expected.before)
  }

  @Test func otherInputsAndOtherSizesAreRefused() throws {
    let classifier = try file("classify", as: .retort)
    var request = Request(
      path: try space.write(SmallGraphs.affine, to: "affine.graph"), library: Repository.library)
    request.settings = [("n", "4")]
    let affine = space.file("affine.onnx")
    _ = try OnnxWriter(request: request).write(to: affine)
    #expect(
      try refusal(purification(affine, classifier)).hasPrefix(
        "\(affine): error: takes no images: there is no input 'x' of four axes and one image or more\n"
      ))

    let renamed = try space.write(
      SmallGraphs.affine.replacing("x", with: "image"), to: "renamed.graph")
    #expect(
      try refusal(purification(renamed, classifier)).hasPrefix(
        "\(renamed): error: takes no images: 'affine' has no input 'x'\n"))

    let small = ImageSet(pixels: HostTensor(zeros: TensorType(.f32, [2, 3, 16, 24])), labels: [])
    for form in [Form.retort, .onnx] {
      let path = try file("purify", as: form)
      #expect(
        try refusal(purification(path, classifier), of: small).hasPrefix(
          "\(path): error: takes images of 32x32 pixels, these are 24x16\n"))
    }
  }
}
