import RetortDriver
import RetortText

extension Command {
  static let compile = Command(
    name: "compile", summary: "compiles a definition to a plan (.retort) that runs at once",
    positionals: "DEFINITION", positionalCount: 1...1,
    options: Option.definition + Option.running + [
      .calibrate,
      Option("-o", "PLAN.retort", "where to write the plan (default: beside the definition)"),
    ],
    discussion: """
      A plan holds the optimised graph, its memory plan and, with --weights, the prepared weights;
      without, 'retort run' binds them each time.

        retort compile graphs/models/resnet20.graph --set n=8 --weights w.safetensors -o p.retort
        retort run p.retort --input x=images.npy --output logits=logits.npy
      """
  ) { arguments in
    let path = arguments.positionals[0]
    let request = try arguments.request(path)
    let target = arguments["-o"] ?? defaultTarget(path)
    try arguments.requireTarget(target, ending: ".retort", "a plan")
    let summary = try PlanWriter(request: request, rebuild: Main.commandLine).write(to: target)
    Console.notes(summary.notes)
    try Console.report(summary.text, besides: [target])
  }

  private static func defaultTarget(_ path: String) -> String {
    let suffix = [".graph", ".onnx"].first { path.hasSuffix($0) } ?? ""
    let stem = String(path.dropLast(suffix.count))
    return stem + ".retort"
  }
}
