import RetortDriver
import RetortFormats
import RetortOnnx
import RetortText

extension Command {
  static let inspect = Command(
    name: "inspect",
    summary: "lists what a file holds: tensors, images, a definition, a model or a plan",
    positionals: "FILE", positionalCount: 1...1,
    options: [
      Option(switch: "--json", "machine-readable: names, types, shapes and SHA-256 of the values"),
      Option("--format", "cifar10|cifar100", "the layout of a CIFAR .bin file (default: cifar10)"),
      .graphs,
    ],
    discussion: """
        retort inspect model.safetensors
        retort inspect --json test_batch.bin
      """
  ) { arguments in
    let path = arguments.positionals[0]
    let text: String
    if path.hasSuffix(".graph") {
      let library = try arguments.library(for: [path])
      text = try DefinitionSummary(path: path, library: library).text(json: arguments.has("--json"))
    } else if Artifact.isArtifact(path) {
      text = try PlanSummary(path: path).text(json: arguments.has("--json"))
    } else if OnnxImport.recognises(path) {
      let summary = try OnnxSummary(path: path)
      text = arguments.has("--json") ? summary.json : summary.text
    } else {
      let format = try arguments.choice("--format", Cifar.Format.self) ?? .cifar10
      let inspection = try Inspection.read(path, cifar: format)
      text = arguments.has("--json") ? inspection.json : inspection.text
    }
    try Console.print(text, terminator: text.hasSuffix("\n") ? "" : "\n")
  }
}
