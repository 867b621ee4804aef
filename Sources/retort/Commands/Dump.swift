import RetortDriver
import RetortFormats
import RetortIR
import RetortPasses
import RetortRuntime
import RetortText

private enum DumpFormat: String, CaseIterable { case text, dot, json, svg }

extension Command {
  static let dump = Command(
    name: "dump", summary: "prints a graph at any stage of the compiler, or its memory plan",
    positionals: "DEFINITION|PLAN", positionalCount: 1...1,
    options: Option.definition + [
      Option(
        "--stage", "STAGE",
        Stage.allCases.map(\.rawValue).joined(separator: ", ") + " (default: planned)"),
      Option(
        "--format", "FORMAT",
        "text (default; reads back as a definition), dot or json; svg with --memory"),
      Option(
        switch: "--memory",
        "the memory plan instead of the graph: a table, or a drawing of the arena over time (svg)"),
      Option(switch: "--origins", "with text: where each node came from, as comments"),
      Option("-o", "FILE", "where to write (default: standard output)"),
    ],
    discussion: """
        retort dump graphs/purifiers/multitask.graph --stage elaborated
        retort dump graphs/models/resnet20.graph --stage simplified --format dot | dot -Tsvg > g.svg
        retort dump graphs/models/resnet20.graph --memory --format svg -o memory.svg
      """
  ) { arguments in
    let path = arguments.positionals[0]
    if let target = arguments["-o"] { try arguments.refuseReplacing(target) }
    let request = try arguments.request(path)
    try arguments.refuseWhatAPlanFixes([arguments.positionals[0]])
    let stage = try arguments.choice("--stage", Stage.self) ?? .planned
    let format = try arguments.choice("--format", DumpFormat.self) ?? .text
    guard arguments.has("--memory") ? format == .text || format == .svg : format != .svg else {
      throw UsageError(
        message: arguments.has("--memory")
          ? "'--memory' is told as text or svg, not as \(format.rawValue)"
          : "'--format svg' draws the memory plan and needs '--memory'")
    }
    let graph: Graph
    if Artifact.isArtifact(path) {
      guard stage == .planned else {
        throw Diagnostics(
          "is a plan, which has the stage 'planned' only", path: path,
          hint: "dump the definition for other stages")
      }
      let file = try PlanFile(path, processor: Processor.fingerprint)
      graph = try file.named(try file.graph())
    } else {
      let (made, notes) = try request.graph(at: arguments.has("--memory") ? .planned : stage)
      Console.notes(notes)
      graph = made
    }
    let text: String
    switch format {
    case .text where arguments.has("--memory"): text = try MemoryReport(graph).text
    case .text: text = Printer(showsOrigins: arguments.has("--origins")).text(graph)
    case .dot: text = DotPrinter().text(graph)
    case .json: text = JSONPrinter().text(graph)
    case .svg: text = try MemoryReport(graph).drawing
    }
    if let target = arguments["-o"], target != "-" {
      try AtomicFile.write(text, to: target)
    } else {
      try Console.print(text, terminator: "")
    }
  }
}
