import Foundation
import RetortDriver
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
    let source = try arguments.source()
    var writer = OnnxWriter(request: try source.request(source.positionals[0]))
    writer.request.seed = try arguments.seed() ?? 0
    writer.unrollsLoops = arguments.has("--unroll")
    writer.bindsKeys = arguments.has("--seed")
    let target = arguments["-o"] ?? defaultTarget(given)
    let summary = try writer.write(to: target)
    Console.notes(summary.notes)
    try Console.report(summary.text, besides: [target])
  }

  private static func defaultTarget(_ path: String) -> String {
    for suffix in [".graph", ".retort"] where path.hasSuffix(suffix) {
      return path.dropLast(suffix.count) + ".onnx"
    }
    return path + ".onnx"
  }
}

extension Arguments {
  /// What the command exports: its own definition, or that of the plan it names, as it was given
  /// when the plan was compiled.
  fileprivate func source() throws -> Arguments {
    guard Artifact.isArtifact(positionals[0]) else { return self }
    try refuseWhatAPlanFixes()
    let plan = positionals[0]
    let words = try PlanFile(plan, processor: Processor.fingerprint).rebuildWords
    let compile = Command.compile
    guard words.count > 2, words[1] == compile.name,
      let source = try? Arguments(
        Array(words.dropFirst(2)), positionalCount: compile.positionalCount,
        options: compile.options)
    else {
      throw Diagnostics(
        "does not say which definition it was compiled from", path: plan,
        hint: "export the definition itself")
    }
    guard FileManager.default.fileExists(atPath: source.positionals[0]) else {
      throw Diagnostics(
        "was compiled from \(source.positionals[0]), which is not there", path: plan,
        hint: "export from the folder in which it was compiled, or export the definition itself")
    }
    return source
  }
}
