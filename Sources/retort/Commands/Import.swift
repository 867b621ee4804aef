import RetortDriver
import RetortOnnx
import RetortText

extension Command {
  static let `import` = Command(
    name: "import", summary: "makes a definition and a file of weights of a model of ONNX",
    positionals: "MODEL.onnx", positionalCount: 0...1,
    options: [
      .set,
      Option(
        "-o", "NAME.graph",
        "where to write; the weights go beside it, to NAME.safetensors (default: the definition"
          + " alone to standard output)"),
      Option(switch: "--operators", "lists the operators that are imported, as in Docs/onnx.md"),
    ],
    discussion: """
      Every command that takes a definition takes a model, too, with the weights that it holds.
      Extents that the model leaves open are bound by the names it has for them.

        retort import resnet.onnx --set batch=1 -o resnet.graph
        retort run resnet.graph --weights resnet.safetensors --input x=x.npy
        retort run resnet.onnx --input x=x.npy --output logits=y.npy
      """
  ) { arguments in
    if arguments.has("--operators") {
      try Console.print(OnnxReference.markdown, terminator: "")
      return
    }
    guard let path = arguments.positionals.first else {
      throw UsageError(message: "an argument is missing")
    }
    let target = arguments["-o"].flatMap { $0 == "-" ? nil : $0 }
    if let target { try arguments.requireTarget(target, ending: ".graph", "a definition") }
    let definition = try ModelDefinition(reading: path, settings: try arguments.settings())
    if let target {
      try Console.print(try definition.write(to: target))
    } else {
      try Console.print(definition.text(weightFile: nil), terminator: "")
    }
  }
}
