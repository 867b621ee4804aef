import RetortIR
import RetortOnnx
import RetortPasses
import RetortRuntime
import RetortSyntax
import RetortTensor
import RetortText

/// What somebody wants to run: a definition, a model of ONNX or a plan, and how.
package struct Request: Sendable {
  package var path: String
  package var entry: String?
  /// `--set` pairs.
  package var settings: [(name: String, value: String)] = []
  package var library: GraphLibrary
  package var weightPaths: [String] = []
  package var backend = Backend.auto
  package var threadCount = ThreadPool.processorCount
  package var seed: UInt64 = 0
  package var precision = Precision.f32
  /// Passes of the standard pipeline to leave out.
  package var disabledPasses: Set<String> = []
  /// Bytes that the arena must not exceed.
  package var memoryLimit: Int?
  /// Direct forms of convolutions only.
  package var isExact = false
  /// Algorithms that do not depend on the batch, so that an image's result does not either.
  package var fixesAlgorithms = false
  /// Whether the program's weights can be read after a run; else those that only their preparation
  /// reads are given back.
  package var keepsWeights = false
  /// Whether inputs that it is compiled without have their defaults.
  package var bindsDefaults = false
  /// Derivatives to compute in place of the definition's own results, each of the graph that the one
  /// before it gives.
  package var derivatives: [Derivative] = []
  /// Measures the forms of convolutions before it chooses, and tells this; nil measures nothing.
  package var calibrationObserver: Calibration.Observer?
  /// What `opened` has read.
  var file: OpenedFile?

  package enum Precision: String, CaseIterable, Sendable {
    case f32, f64
  }

  package init(path: String, library: GraphLibrary) {
    self.path = path
    self.library = library
  }

  /// The settings with the shapes of tensors that will be given as inputs.
  package func settings(inputs: [String: HostTensor]) -> Settings {
    var result = Settings()
    for (name, value) in settings { result.values[name] = value }
    result.inputTypes = inputs.mapValues(\.type)
    result.bindsDefaults = bindsDefaults
    return result
  }

  /// Those settings that the request's entry declares: for running a second graph with the settings
  /// of a first.
  package func declared(
    _ settings: [(name: String, value: String)]
  ) throws -> [(name: String, value: String)] {
    let arguments = try declaredEntry()?.arguments ?? []
    return settings.filter { setting in arguments.contains { $0.name == setting.name } }
  }

  /// The graph of a definition that is meant, as its file declares it; nil where there is none of
  /// that name, which the compiler refuses.
  package func declaredEntry() throws(Diagnostics) -> Definition.Entry? {
    let entries = try Compiler(library: library).load(path).entries
    return entry == nil ? entries.first : entries.first { $0.name == entry }
  }

  /// The entry's arguments of type Int and Float, as the request's settings and the definition's
  /// defaults bind them.
  package func numbers(inputs: [String: HostTensor] = [:]) throws(Diagnostics) -> [String: Double] {
    try Compiler(library: library).elaborate(
      path, entry: entry, settings: settings(inputs: inputs), model: openedModel
    ).numbers
  }

  /// Adds settings, in the place of those of the same names.
  package mutating func replaceSettings(with others: [(name: String, value: String)]) {
    let replaced = Set(others.map(\.name))
    settings = settings.filter { !replaced.contains($0.name) } + others
  }

  /// The same for another file of the library, with those settings that it declares.
  package func companion(_ file: String) throws -> Request {
    var other = self
    other.path = library.path(file)
    other.entry = nil
    other.settings = try other.declared(settings)
    return other
  }

  /// What became of a definition.
  package struct Compilation: Sendable {
    package let graph: Graph
    package let notes: [Diagnostic]
    /// The weights that the model holds itself.
    package let ownWeights: Weights
    /// What was measured for it, if anything was.
    package var calibration: Calibration?
  }

  /// The definition's graph at a stage.
  package func graph(
    at stage: Stage, inputs: [String: HostTensor] = [:]
  ) throws -> (graph: Graph, notes: [Diagnostic]) {
    let compilation = try compilation(through: stage, inputs: inputs)
    return (compilation.graph, compilation.notes)
  }

  /// The definition taken through a stage.
  package func compilation(
    through stage: Stage, inputs: [String: HostTensor] = [:]
  ) throws -> Compilation {
    let elaboration = try Compiler(library: library).elaborate(
      path, entry: entry, settings: settings(inputs: inputs), model: openedModel)
    var graph = try derivatives.reduce(elaboration.graph) { try $1.applied(to: $0) }
    if precision == .f64 { graph = try Widen().run(graph) }
    var options = pipelineOptions
    var calibration: Calibration?
    if stage >= .lowered, let calibrationObserver, measuresForms {
      calibration = try Calibration(
        of: try Pipeline.run(graph, through: .batched, options: options).graph,
        for: options.convolutions, backend: backend, threadCount: threadCount,
        observer: calibrationObserver)
      options.convolutions.measured = calibration!.choices
    }
    return Compilation(
      graph: try Pipeline.run(graph, through: stage, options: options).graph,
      notes: elaboration.notes, ownWeights: elaboration.weights, calibration: calibration)
  }

  /// The weights of the request's files, over those that the model holds itself.
  package func weights(of compilation: Compilation) throws(Diagnostics) -> Weights {
    compilation.ownWeights.replaced(by: try Weights(reading: weightPaths))
  }

  /// What the graph calls an input or a result that a user names: a model's names are spelt in the
  /// language.
  package func argumentName(_ name: String) -> String {
    OnnxImport.recognises(path) ? OnnxNames.identifier(name) : name
  }

  /// Tensors by what the graph calls the inputs that a user names.
  ///
  /// - Throws: where two names are one input's.
  package func arguments(
    _ tensors: [String: HostTensor]
  ) throws(Diagnostics) -> [String: HostTensor] {
    var arguments: [String: HostTensor] = [:]
    var spellings: [String: String] = [:]
    for given in tensors.keys.sorted() {
      let name = argumentName(given)
      if let other = spellings.updateValue(given, forKey: name) {
        throw Diagnostics(
          "'\(other)' and '\(given)' both name the input '\(name)'", path: path)
      }
      arguments[name] = tensors[given]
    }
    return arguments
  }

  /// Whether there is a choice of forms at all.
  private var measuresForms: Bool {
    !isExact && backend != .reference && !disabledPasses.contains(LowerConvolutions.name)
  }

  /// How the request wants its pipeline run.
  package var pipelineOptions: PipelineOptions {
    var options = PipelineOptions(disabled: disabledPasses, memoryLimit: memoryLimit)
    options.convolutions = ConvolutionCostModel(
      isExact: isExact,
      imageCount: fixesAlgorithms ? ConvolutionCostModel.typicalImageCount : nil)
    return options
  }

  /// A program ready to run, with its weights bound, from a definition or a plan.
  ///
  /// - Parameter weights: in place of the request's files.
  /// - Returns: with the names of the weights that the program does not read.
  package func executable(
    inputs: [String: HostTensor] = [:], weights: Weights? = nil
  ) throws -> (executable: Executable, notes: [Diagnostic], unused: [String]) {
    if isPlan {
      guard settings.isEmpty, entry == nil, disabledPasses.isEmpty, memoryLimit == nil, !isExact,
        calibrationObserver == nil
      else {
        throw Diagnostics(
          "is a plan: its entry, settings and passes were fixed when it was compiled", path: path,
          hint: "leave --set, --entry, --disable, --exact, --calibrate and --memory-limit out, or "
            + "compile again with them")
      }
      guard derivatives.isEmpty else {
        throw Diagnostics(
          "is a plan, whose graph is not differentiated any more", path: path,
          hint: "load the definition that it was compiled from")
      }
      let ownsWeights = weights == nil && weightPaths.isEmpty
      let executable = try Executable(artifact: path, request: self, ownsWeights: ownsWeights)
      if ownsWeights { return (executable, [], []) }
      let (unused, notes) = try executable.bind(weights ?? Weights(reading: weightPaths))
      return (executable, notes, unused)
    }
    let compilation = try compilation(through: .planned, inputs: inputs)
    let executable = try Executable(
      compilation.graph, backend: backend, threadCount: threadCount)
    executable.program.releasesWeights = !keepsWeights
    let (unused, notes) = try executable.bind(
      try weights.map(compilation.ownWeights.replaced) ?? self.weights(of: compilation))
    return (executable, compilation.notes + notes, unused)
  }
}
