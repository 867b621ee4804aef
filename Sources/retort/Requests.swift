import Foundation
import RetortDefence
import RetortDriver
import RetortFormats
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortText

/// What several commands read from their arguments in the same way.
extension Arguments {
  func library() throws -> GraphLibrary { try GraphLibrary.locate(self["--graphs"]) }

  /// The same for files that may do without: plans, and definitions that import nothing from it.
  func library(for files: [String]) throws -> GraphLibrary {
    if self["--graphs"] != nil { return try library() }
    if files.allSatisfy(Artifact.isArtifact) { return .none }
    return (try? library()) ?? .none
  }

  /// The request that `--entry`, `--set`, `--weights`, `--backend`, `--threads`, `--seed` describe.
  func request(_ path: String) throws -> Request { try request([path]) }

  /// The same for the first of several files, which share a library; with none for what a recipe or
  /// a benchmark names later.
  func request(_ paths: [String] = []) throws -> Request {
    var request = Request(
      path: paths.first ?? "", library: try paths.isEmpty ? library() : library(for: paths))
    request.entry = self["--entry"]
    request.settings = try settings()
    request.weightPaths = all("--weights")
    request.backend = try choice("--backend", Backend.self) ?? .auto
    request.threadCount = try threadCount() ?? ThreadPool.processorCount
    request.precision = try choice("--precision", Request.Precision.self) ?? .f32
    request.disabledPasses = try disabledPasses()
    request.memoryLimit = try byteCount("--memory-limit")
    request.isExact = has("--exact")
    if has("--calibrate") { request.calibrationObserver = try calibrationObserver(request) }
    request.seed = try seed() ?? 0
    if request.precision == .f64, request.backend != .reference {
      throw UsageError(message: "'--precision f64' needs '--backend reference'")
    }
    return request
  }

  /// `--set`, each name once: nothing says which of two values is meant.
  func settings() throws -> [(name: String, value: String)] {
    var given: [String: String] = [:]
    let settings = try pairs("--set")
    for (name, value) in settings {
      if let other = given.updateValue(value, forKey: name) {
        throw UsageError(message: "'--set \(name)' is given twice: \(other) and \(value)")
      }
    }
    return settings
  }

  /// `--seed`, where it is given.
  func seed() throws -> UInt64? {
    guard let text = self["--seed"] else { return nil }
    guard let number = UInt64(text) else {
      throw UsageError(
        message: "'--seed' takes a whole number from 0 to \(UInt64.max), got '\(text)'")
    }
    return number
  }

  /// Where there is nothing to choose, that is said.
  private func calibrationObserver(_ request: Request) throws -> Calibration.Observer? {
    if request.backend == .reference {
      throw UsageError(
        message: "'--calibrate' measures fast kernels, which '--backend reference' does not use")
    }
    if request.isExact {
      Console.note("'--calibrate' measures nothing, for '--exact' leaves no choice")
      return nil
    }
    return Console.calibrating
  }

  /// `--disable`, each a pass that the standard pipeline can do without.
  private func disabledPasses() throws -> Set<String> {
    for name in all("--disable") {
      if let sentence = Pipeline.complaint(disabling: name) { throw UsageError(message: sentence) }
    }
    return Set(all("--disable"))
  }

  /// A plan's entry, settings, passes, backend and precision were fixed when it was compiled: where
  /// all of the files are plans, nothing is left that such an option could mean.
  func refuseWhatAPlanFixes(_ files: [String]) throws {
    guard files.allSatisfy(Artifact.isArtifact),
      let option = [
        "--entry", "--set", "--backend", "--precision", "--disable", "--exact", "--calibrate",
        "--memory-limit",
      ].first(where: has)
    else { return }
    throw Diagnostics(
      "is a plan, which '\(option)' cannot change any more", path: files[0],
      hint: "compile the definition again with that option")
  }

  /// Refuses to write where the command reads from: its definition or its shards, weights, images.
  ///
  /// - Parameters:
  ///   - files: what it reads of its positional arguments; nil for all.
  ///   - request: what is read for it, where files that were named name it.
  func refuseReplacing(
    _ target: String, files: [String]? = nil, of request: Request? = nil
  ) throws {
    var read = files ?? positionals
    if let request { read.append(request.path) }
    read += (request?.weightPaths ?? all("--weights")).map { WeightFile($0).path }
    read += try pairs("--input").map(\.value)
    read += ["--images", "--data", "--labels", "--classifier"].flatMap(all)
    guard let source = read.first(where: { InputFile.isSame($0, target) }) else { return }
    throw Diagnostics(
      "would be replaced by what is made of it", path: source, hint: "give -o another name")
  }

  /// Checks the files that a command is to write: that they can be written, by the formats of their
  /// names or as text, are none of those that it reads, and that none would replace another.
  func checkTargets(tensors: [String], texts: [String] = [], weights: [String] = []) throws {
    var places = Set<String>()
    for target in tensors + texts + weights {
      guard places.insert(URL(fileURLWithPath: target).standardizedFileURL.path).inserted else {
        throw UsageError(message: "'\(target)' would be written twice")
      }
    }
    for target in tensors + texts { try refuseReplacing(target) }
    // Weights may be kept where they came from, a step further.
    for target in tensors + weights { try TensorFile.checkWritable(to: target) }
    for target in texts { try AtomicFile.check(target) }
  }

  /// Refuses to keep weights in a file of `--weights` that has more than the graph takes.
  ///
  /// - Parameter unused: the names, of all files, that it does not take.
  func refuseLosing(_ unused: [String]) throws {
    guard let target = self["--save-weights"], !unused.isEmpty else { return }
    for file in all("--weights").map(WeightFile.init) where InputFile.isSame(file.path, target) {
      let names = Set(try TensorFile.read(file.path).map { file.name($0.name) })
      guard let lost = unused.first(where: names.contains) else { continue }
      throw Diagnostics(
        "would lose weights that the graph does not take, such as '\(lost)'", path: target,
        hint: "give --save-weights another name")
    }
  }

  /// Refuses to write where the command reads from, under the suffix of another format than the one
  /// that is written, and where no file can be made: before the work, which takes up to minutes.
  func requireTarget(
    _ target: String, ending suffix: String, _ what: String, of request: Request? = nil
  ) throws {
    try refuseReplacing(target, of: request)
    let known = [
      ".graph", ".onnx", ".retort", ".safetensors", ".npz", ".npy", ".png", ".bin", ".json",
    ]
    if let other = known.first(where: { $0 != suffix && target.lowercased().hasSuffix($0) }) {
      throw Diagnostics(
        "would be \(what), for which '\(other)' does not stand", path: target,
        hint: "end the name in \(suffix)")
    }
    try AtomicFile.check(target)
  }

  /// `--input NAME=FILE`, read as tensors.
  func inputTensors() throws -> [String: HostTensor] {
    var inputs: [String: HostTensor] = [:]
    let count = try settings().first { $0.name == "n" }.flatMap { Int($0.value) }
    for (name, file) in try pairs("--input") {
      guard inputs[name] == nil else {
        throw UsageError(message: "'--input \(name)' is given twice")
      }
      inputs[name] = try Self.image(in: file, count: count) ?? Self.tensor(in: file, named: name)
    }
    return inputs
  }

  /// Does what binds those tensors. What is wrong with one of them names the option and its file.
  func namingInputs<R>(of request: Request, _ body: () throws -> R) throws -> R {
    let given = try pairs("--input")
    return try Diagnostics.retelling(
      { problem in
        guard let input = problem.input else { return problem }
        var told = problem
        if let (name, file) = given.first(where: { request.argumentName($0.name) == input }) {
          told.path = "--input \(name)=\(file)"
        } else {
          told.hint = told.hint ?? "give it with --input \(input)=FILE"
        }
        return told
      }, of: body)
  }

  /// The pixels of a CIFAR-10 or PNG file or a folder of PNG files, or the labels of
  /// `FILE.bin:labels`; of many images the first `--set n`. Nil for files of tensors.
  private static func image(in file: String, count: Int?) throws -> HostTensor? {
    let wantsLabels = file.hasSuffix(".bin:labels")
    let path = wantsLabels ? String(file.dropLast(":labels".count)) : file
    let lower = path.lowercased()
    guard lower.hasSuffix(".bin") || lower.hasSuffix(".png") || InputFile.isFolder(path) else {
      return nil
    }
    try Images.refuseTrainingImages(path)
    let images = try ImageSet(reading: path, first: count.flatMap { $0 > 0 ? $0 : nil })
    if let note = images.note { Console.note(note) }
    guard wantsLabels else { return images.pixels }
    try images.requireLabels(path)
    return HostTensor([images.count], images.labels.map { Int32($0) })
  }

  /// The tensor of a file; of several in one file, the one of the given name.
  private static func tensor(in file: String, named name: String) throws -> HostTensor {
    let stored = try TensorFile.read(file)
    if let match = stored.count == 1 ? stored[0] : stored.first(where: { $0.name == name }) {
      if let note = Self.imageNote(match) { Console.note("\(file): \(note)") }
      return match.tensor
    }
    throw Diagnostics(
      "holds \(stored.count) tensors, none named '\(name)'", path: file,
      hint: Suggestion.hint(for: name, in: stored.map(\.name)))
  }

  /// What is told of a tensor of an image's shape with the values of bytes; nil of any other, as
  /// images that are normalised, differences and kernels.
  private static func imageNote(_ stored: StoredTensor) -> String? {
    let (shape, element) = (stored.tensor.shape, stored.tensor.type.element)
    guard shape.rank == 4, shape[1] == 3 else { return nil }
    if stored.dtype == "uint8" {
      return "bytes are taken as they are, 0 to 255; as images they would be divided by 255"
    }
    guard element == .f32, shape.elementCount > 0 else { return nil }
    let (least, greatest) = stored.tensor.withElements(of: Float.self) { ($0.min()!, $0.max()!) }
    guard least >= 0, greatest > 8, greatest <= 255 else { return nil }
    return "values are taken as they are, up to \(greatest); those of images are in 0...1"
  }
}
