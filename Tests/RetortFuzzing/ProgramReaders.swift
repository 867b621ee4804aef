import Foundation
import RetortDefence
import RetortDriver
import RetortFormats
import RetortIR
import RetortOnnx
import RetortOps
import RetortSyntax
import RetortTensor
import RetortTestSupport
import RetortText

extension FuzzReader {
  static let programReaders = [graph, onnx, plan, recipe]

  // MARK: definitions

  private static let graphWords =
    [
      "graph", "import", "parameter", "buffer", "update", "return", "yield", "collect", "repeat",
      "for", "in", "if", "else", "with", "as", "init", "gradient", "partial", "let", "static",
      "f32", "i32", "key", "bool", "[n, 3, 32, 32]", "->", "..<", "{", "}", "(", ")", "[", "]", ":",
      ",", "=", "==", "+", "-", "*", "/", "%", "\"", "\\", "//", "true", "false", "none", "\u{e9}",
    ] + OpCatalog.standard.groups.flatMap(\.ops).map { "\($0.name)(" }

  /// The library's files by path, their imports spelt from the library's folder, so that a damaged
  /// one may stand anywhere.
  private static let library: [String: [UInt8]] = {
    var files: [String: [UInt8]] = [:]
    for path in Repository.files(in: "graphs", suffix: ".graph") {
      guard let text = try? Repository.text(path) else { continue }
      let folder = URL(fileURLWithPath: "/" + path).deletingLastPathComponent()
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        guard line.hasPrefix("import \""), let end = line.lastIndex(of: "\"") else { return line }
        let name = line[..<end].dropFirst("import \"".count)
        let full = folder.appendingPathComponent(String(name)).standardizedFileURL.path
        return "import \"\(full.dropFirst("/graphs/".count))\"\(line[line.index(after: end)...])"
      }
      files["/" + path] = Array(lines.joined(separator: "\n").utf8)
    }
    return files
  }()

  static let graph = FuzzReader(
    "graph", "definitions in the language", memoryBound: { 256 << 20 + 64 * $0 },
    damages: [Mutation(words: graphWords).callAsFunction],
    seeds: { SmallPrograms.definitions.map { Array($0.utf8) } },
    moreSeeds: { library.sorted { $0.key < $1.key }.map(\.value) }, atLeast: 60,
    read: { bytes, _ in
      let path = "/damaged.graph"
      let definition = try Frontend.load(path, library: ["/graphs"]) { asked in
        (asked == path ? bytes : library[asked]).map { SourceFile(path: asked, bytes: $0) }
      }
      let graph = try definition.elaborate(catalog: .standard).graph
      try Verifier().verify(graph)
    })

  // MARK: ONNX

  private static let onnxWords =
    OnnxReference.names + [
      "axis", "axes", "perm", "kernel_shape", "pads", "strides", "dilations", "group", "auto_pad",
      "keepdims", "to", "value", "mode", "epsilon", "alpha", "transA", "ceil_mode", "body", "x0",
      "x1", "y0", "SAME_UPPER", "linear", "nearest",
    ]

  static let onnx = FuzzReader(
    "onnx", "ONNX models, made into a definition", memoryBound: { 150 * $0 },
    damages: [
      Mutation(words: onnxWords).callAsFunction,
      ProtobufMutation(words: onnxWords).callAsFunction,
      ProtobufMutation(words: onnxWords).callAsFunction,
    ],
    seeds: graphModels, moreSeeds: operationModels, atLeast: 300,
    read: { bytes, folder in
      let path = folder.file("damaged.onnx")
      let model = try OnnxModel(decoding: bytes)
      let imported = try OnnxImport(model, path: path)
      _ = DefinitionPrinter(imported.graph).text
    })

  /// Models of whole graphs, with loops and draws.
  @Sendable private static func graphModels() throws -> [[UInt8]] {
    let folder = try TemporaryFolder()
    return try SmallPrograms.definitions.flatMap { text in
      let graph = try SmallPrograms.request(text, in: folder).graph(at: .simplified).graph
      var export = OnnxExport()
      export.weights = graph.randomWeights(seed: 1)
      return try [false, true].map { unrolls in
        export.unrollsLoops = unrolls
        return try export.model(graph).protobuf
      }
    }
  }

  /// Models of the samples of all operations that have models.
  @Sendable private static func operationModels() throws -> [[UInt8]] {
    try OpCatalog.standard.groups.flatMap(\.ops).flatMap { type in
      try type.samples.compactMap { sample in
        let graph = try sample.graph()
        let bytes = (try? OnnxExport().model(graph))?.protobuf
        return bytes.flatMap { $0.count < 1 << 14 ? $0 : nil }
      }
    }
  }

  // MARK: plans

  static let plan = FuzzReader(
    "plan", ".retort files, told of, opened, bound and run", memoryBound: { 64 * $0 },
    tellsItsLength: true,
    damages: [
      Mutation().callAsFunction, Seals.plan(Mutation(words: graphWords).callAsFunction),
      Seals.planText(Mutation(words: graphWords).callAsFunction),
    ],
    seeds: { try SmallPrograms.plans() },
    read: { bytes, folder in
      let path = try folder.write(bytes, to: "damaged.retort")
      var request = Request(path: path, library: .none)
      request.threadCount = 1
      let summary = try PlanSummary(path: path)
      for json in [true, false] { _ = summary.text(json: json) }
      let executable = try request.executable().executable
      guard isShort(executable.graph.body) else { return }
      var inputs: [String: HostTensor] = [:]
      for input in executable.graph.inputs where input.role == .input {
        inputs[input.name] = HostTensor(zeros: executable.graph.type(of: input.value))
      }
      _ = try executable.run(inputs)
    })

  /// Whether no loop turns often: what a plan was changed to ask for may honestly take long.
  private static func isShort(_ block: Block) -> Bool {
    block.nodes.allSatisfy { node in
      ((node.op as? Repeat)?.count ?? 0) <= 16 && node.regions.allSatisfy(isShort)
    }
  }

  // MARK: recipes

  private static let recipeWords = [
    "\"kind\"", "\"evaluation\"", "\"arms\"", "\"attacks\"", "\"set\"", "\"seeds\"", "\"epsilon\"",
    "\"8/255\"", "\"1/0\"", "null", "true", "[]", "{}", "[", "]", "{", "}", ",", ":", "\\u0000",
    "\"",
  ]

  static let recipe = FuzzReader(
    "recipe", "recipes of trainings and evaluations", memoryBound: { 64 * $0 },
    damages: [Mutation(words: recipeWords).callAsFunction],
    seeds: {
      try Repository.files(in: "graphs/recipes", suffix: ".json")
        .map { try Repository.bytes($0) }
    },
    read: { bytes, folder in
      let path = try folder.write(bytes, to: "damaged.json")
      let isEvaluation = String(decoding: bytes, as: UTF8.self).contains("\"evaluation\"")
      if isEvaluation {
        _ = try EvaluationRecipe(reading: path)
      } else {
        _ = try Recipe(reading: path)
      }
    })
}
