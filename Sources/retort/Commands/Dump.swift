import RetortDriver
import RetortFormats
import RetortIR
import RetortPasses
import RetortRuntime
import RetortText

private enum DumpFormat: String, CaseIterable { case text, dot, json }

extension Command {
  static let dump = Command(
    name: "dump", summary: "prints a graph at any stage of the compiler, or its memory plan",
    positionals: "DEFINITION|PLAN", positionalCount: 1...1,
    options: Option.definition + [
      Option(
        "--stage", "STAGE",
        "elaborated, differentiated, simplified, hoisted, batched, lowered, fused or planned"
          + " (default: planned)"),
      Option("--format", "FORMAT", "text (default; reads back as a definition), dot or json"),
      Option(switch: "--memory", "the memory plan as a table instead of the graph"),
      Option(switch: "--origins", "with text: where each node came from, as comments"),
      Option("-o", "FILE", "where to write (default: standard output)"),
    ],
    discussion: """
        retort dump graphs/purifiers/multitask.graph --stage elaborated
        retort dump graphs/models/resnet20.graph --stage simplified --format dot | dot -Tsvg > g.svg
      """
  ) { arguments in
    let path = arguments.positionals[0]
    let request = try arguments.request(path)
    try arguments.refuseWhatAPlanFixes()
    let stage = try arguments.choice("--stage", Stage.self) ?? .planned
    let format = try arguments.choice("--format", DumpFormat.self) ?? .text
    let graph: Graph
    if Artifact.isArtifact(path) {
      guard stage == .planned else {
        throw Diagnostics(
          "is a plan, which has the stage 'planned' only", path: path,
          hint: "dump the definition for other stages")
      }
      let artifact = try Artifact.read(path, processor: Processor.fingerprint)
      graph = try Compiler.parse(artifact.graphText, path: path)
    } else {
      let (made, notes) = try request.graph(at: arguments.has("--memory") ? .planned : stage)
      Console.notes(notes)
      graph = made
    }
    let text: String
    if arguments.has("--memory") {
      text = MemoryReport(graph).text
    } else {
      switch format {
      case .text: text = Printer(showsOrigins: arguments.has("--origins")).text(graph)
      case .dot: text = DotPrinter().text(graph)
      case .json: text = JSONPrinter().text(graph)
      }
    }
    if let target = arguments["-o"], target != "-" {
      try AtomicFile.write(text, to: target)
    } else {
      try Console.print(text, terminator: "")
    }
  }
}
