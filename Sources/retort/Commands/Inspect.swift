import RetortDefence
import RetortDriver
import RetortFormats
import RetortOnnx
import RetortText

extension Command {
  static let inspect = Command(
    name: "inspect",
    summary: "says what a file holds: tensors, images, a graph, a plan, a recipe or a report",
    positionals: "FILE", positionalCount: 1...1,
    options: [
      Option(switch: "--json", "machine-readable: names, types, shapes and SHA-256 of the values"),
      Option("--format", "cifar10|cifar100", "the layout of a CIFAR .bin file (default: cifar10)"),
      .graphs,
    ],
    discussion: """
      FILE holds tensors (.npy, .npz, .safetensors, PyTorch checkpoints) or images (.png, CIFAR
      .bin, a folder of either), or is a definition (.graph), a model of ONNX, a plan (.retort), a
      recipe (.json) or what 'retort evaluate' writes as JSON.

        retort inspect model.safetensors
        retort inspect graphs/recipes/evaluation-demo.json
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
    } else if path.lowercased().hasSuffix(".json") {
      let summary = try JSONSummary(reading: path)
      text = arguments.has("--json") ? summary.json : summary.text
    } else {
      let format = try arguments.choice("--format", Cifar.Format.self) ?? .cifar10
      let inspection = try Inspection.read(
        path, cifar: format,
        besides: [
          "definitions (.graph)", "models (.onnx)", "plans (.retort)",
          "recipes and reports (.json)",
        ])
      text = arguments.has("--json") ? inspection.json : inspection.text
    }
    try Console.print(text, terminator: text.hasSuffix("\n") ? "" : "\n")
  }
}
