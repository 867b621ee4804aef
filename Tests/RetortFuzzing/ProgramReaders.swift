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

  /// The library's files by name, wherever they lie: a damaged file imports from no folder.
  private static let library: [String: [UInt8]] = {
    var files: [String: [UInt8]] = [:]
    for path in Repository.files(in: "graphs", suffix: ".graph") {
      files[(path as NSString).lastPathComponent] = try? Repository.bytes(path)
    }
    return files
  }()

  static let graph = FuzzReader(
    "graph", "definitions in the language", memoryBound: { 256 << 20 + 64 * $0 },
    damages: [raw(Mutation(words: graphWords))],
    seeds: { SmallPrograms.definitions.map { Array($0.utf8) } },
    moreSeeds: { library.sorted { $0.key < $1.key }.map(\.value) },
    read: { bytes, _ in
      let definition = try Frontend.load("damaged.graph", library: [""]) { asked in
        let name = (asked as NSString).lastPathComponent
        return (asked == "damaged.graph" ? bytes : library[name])
          .map { SourceFile(path: asked, bytes: $0) }
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
      raw(Mutation(words: onnxWords)),
      { ProtobufMutation(words: onnxWords)($0, other: $1, &$2) },
      { ProtobufMutation(words: onnxWords)($0, other: $1, &$2) },
      { ProtobufMutation(words: onnxWords)($0, other: $1, &$2) },
    ],
    seeds: graphModels, moreSeeds: operationModels,
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
        var b = GraphBuilder(name: "sample")
        let operands = sample.tensors(seed: 7).enumerated().map { b.input("x\($0)", $1.type) }
        let results = try b.append(sample.op, operands)
        let graph = b.finish(
          outputs: results.enumerated().map { GraphOutput(value: $1, name: "y\($0)") })
        let bytes = (try? OnnxExport().model(graph))?.protobuf
        return bytes.flatMap { $0.count < 1 << 14 ? $0 : nil }
      }
    }
  }

  // MARK: plans

  static let plan = FuzzReader(
    "plan", ".retort files, opened, bound and run", memoryBound: { 64 * $0 },
    tellsItsLength: true,
    damages: [
      raw(Mutation()), Seals.plan(Mutation(words: graphWords)),
      Seals.planText(Mutation(words: graphWords)),
    ],
    seeds: { try SmallPrograms.plans() },
    read: { bytes, folder in
      let path = try folder.write(bytes, to: "damaged.retort")
      var request = Request(path: path, library: .none)
      request.threadCount = 1
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
    damages: [raw(Mutation(words: recipeWords))],
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
