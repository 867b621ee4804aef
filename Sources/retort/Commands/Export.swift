import RetortDriver
import RetortFormats
import RetortIR
import RetortRuntime
import RetortText

extension Command {
  static let export = Command(
    name: "export", summary: "writes a graph as an ONNX model: gradients and whole purifiers too",
    positionals: "DEFINITION|PLAN", positionalCount: 1...1,
    options: Option.definition + [
      .weights,
      Option("-o", "MODEL.onnx", "where to write (default: beside the definition)"),
      Option(
        switch: "--unroll", "writes loops out turn by turn, for runtimes that have no 'Loop'"),
      Option(
        "--seed", "N",
        "lets key inputs be left out: they are then what 'retort run --seed N' fills in"),
    ],
    discussion: """
      The model computes what 'retort run' computes. Random draws are integer operations on key
      inputs (uint32[..., 2]), so that the same keys give the same numbers everywhere. Without
      --weights, parameters are inputs. A plan is exported from the definition that it was compiled
      from, with the settings and weights it was compiled with.

        retort export graphs/models/small.graph --set n=1 --weights w.safetensors -o small.onnx
        retort export graphs/purifiers/multitask.graph --set n=4 --weights w.safetensors -o p.onnx
      """
  ) { arguments in
    let given = arguments.positionals[0]
    var (request, plan) = try arguments.requestOfDefinition()
    request.seed = try arguments.seed() ?? 0
    var writer = OnnxWriter(request: request)
    writer.unrollsLoops = arguments.has("--unroll")
    writer.bindsKeys = arguments.has("--seed")
    let target = arguments["-o"] ?? defaultTarget(given, of: request.path)
    try arguments.requireTarget(target, ending: ".onnx", "a model of ONNX", of: request)
    if let plan { try refuseChangedDefinition(plan, given, request) }
    let summary = try writer.write(to: target)
    Console.notes(summary.notes)
    try Console.report(summary.text, besides: [target])
  }

  /// - Parameter definition: the file itself, or what a plan was compiled from.
  private static func defaultTarget(_ path: String, of definition: String) -> String {
    let suffix = [".graph", ".retort", ".onnx"].first(where: path.hasSuffix) ?? ""
    let stem = String(path.dropLast(suffix.count))
    let target = stem + ".onnx"
    // A model of ONNX is not written over.
    return InputFile.isSame(target, definition) ? stem + ".retort.onnx" : target
  }

  /// Refuses a plan whose definition does not compile to it any more.
  private static func refuseChangedDefinition(
    _ plan: PlanFile, _ path: String, _ request: Request
  ) throws {
    // What was measured then would be measured anew.
    guard plan.calibration.isEmpty else { return }
    guard Printer().text(try request.graph(at: .planned).graph) == plan.graphText else {
      throw Diagnostics(
        "is not what \(request.path) compiles to any more", path: path,
        hint: "compile it again, or export the definition itself")
    }
  }
}

extension Arguments {
  /// The request for the definition that the command names, or that a plan it names was compiled
  /// from, with the settings and weights of then, and that plan. `--weights` and `--graphs` go before
  /// those.
  fileprivate func requestOfDefinition() throws -> (request: Request, plan: PlanFile?) {
    let plan = positionals[0]
    guard Artifact.isArtifact(plan) else { return (try request(plan), nil) }
    try refuseWhatAPlanFixes([plan])
    let file = try PlanFile(plan, processor: Processor.fingerprint)
    let compile = Command.compile
    let words = file.rebuildWords
    guard words.count > 2, words[1] == compile.name,
      let source = try? Arguments(
        Array(words.dropFirst(2)), positionalCount: compile.positionalCount,
        options: compile.options)
    else {
      throw Diagnostics(
        "does not say which definition it was compiled from", path: plan,
        hint: "export the definition itself")
    }
    let definition = source.positionals[0]
    guard !InputFile.isMissing(definition) else {
      throw Diagnostics(
        "was compiled from \(definition), which is not there", path: plan,
        hint: "export from the folder in which it was compiled, or export the definition itself")
    }
    var request = try source.request(definition)
    request.calibrationObserver = nil
    if has("--weights") { request.weightPaths = all("--weights") }
    if has("--graphs") { request.library = try library() }
    return (request, file)
  }
}
