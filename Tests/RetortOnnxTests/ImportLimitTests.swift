import Foundation
import RetortFormats
import RetortIR
import RetortTensor
import RetortTestSupport
import Testing

@testable import RetortOnnx

/// What a model may not make the importer do: indices outside a tensor, much time, much memory.
@Suite struct ImportLimitTests {
  private func scalar(_ value: Float) -> HostTensor { HostTensor(value) }

  @Test func rangesThatCountTheWrongWayAreEmpty() throws {
    let model = ImportModels.model(
      [
        OnnxNode("Range", inputs: ["start", "limit", "step"], outputs: ["r"]),
        OnnxNode(
          "Concat", inputs: ["x", "r"], outputs: ["y"], attributes: [OnnxAttribute("axis", 0)]),
      ], inputs: [("x", [2])],
      weights: [("start", scalar(3e38)), ("limit", scalar(0)), ("step", scalar(1))])
    let y = try ImportModels.run(model, ["x": HostTensor([2], [1, 2] as [Float])])["y"]!
    #expect(y.elements() == [1, 2] as [Float])
  }

  @Test(arguments: ["i1,1j->ij", "i.,.j->ij", "ij,jk->i1", "i....,j->ij", "ié,éj->ij"])
  func equationsNameAxesByLetters(equation: String) {
    let model = ImportModels.model(
      [
        OnnxNode(
          "Einsum", inputs: ["x", "x"], outputs: ["y"],
          attributes: [OnnxAttribute("equation", equation)])
      ], inputs: [("x", [2])])
    #expect(ImportModels.complaint(model).contains("'\(equation)' is not understood"))
  }

  /// The index is a weight until a node converts it, and so is no constant of the graph.
  @Test func indicesThatAreRememberedAreChecked() {
    for (op, inputs) in [("ScatterElements", ["x", "i", "u"]), ("Gather", ["x", "i"])] {
      for index in [Float(7), -8] {
        let model = ImportModels.model(
          [
            OnnxNode("Cast", inputs: ["w"], outputs: ["i"], attributes: [OnnxAttribute("to", 7)]),
            OnnxNode(op, inputs: inputs, outputs: ["y"]),
          ], inputs: [("x", [3])],
          weights: [
            ("w", HostTensor([1], [index])), ("u", HostTensor([1], [1] as [Float])),
          ])
        let text = ImportModels.complaint(model)
        #expect(text.contains("is outside an axis of extent 3"), "\(text)")
      }
    }
  }

  @Test func ranksAreBounded() {
    let ones = HostTensor([33], [Int64](repeating: 1, count: 33))
    let axes = HostTensor([33], (0..<33).map { Int64($0) })
    for (op, inputs) in [
      ("Reshape", ["x", "ones"]), ("Expand", ["x", "ones"]), ("Unsqueeze", ["x", "axes"]),
      ("ConstantOfShape", ["ones"]),
    ] {
      let model = ImportModels.model(
        [OnnxNode(op, inputs: inputs, outputs: ["y"])], inputs: [("x", [])],
        weights: [("ones", ones), ("axes", axes)])
      #expect(ImportModels.complaint(model).contains("33 axes, more than 32"), "\(op)")
    }
    let wide = ImportModels.model(
      [OnnxNode("Relu", inputs: ["x"], outputs: ["y"])],
      inputs: [("x", [Int](repeating: 1, count: 33))])
    #expect(ImportModels.complaint(wide).contains("input 'x' has 33 axes, more than the 32"))
    let weight = ImportModels.model(
      [
        OnnxNode("Squeeze", inputs: ["w"], outputs: ["s"]),
        OnnxNode("Add", inputs: ["x", "s"], outputs: ["y"]),
      ],
      weights: [
        ("w", HostTensor(Shape([Int](repeating: 1, count: 32) + [3]), [1, 2, 3] as [Float]))
      ])
    #expect(ImportModels.complaint(weight).contains("33 axes, more than 32"))
  }

  @Test func ranksOfWhatLoopsCollectAreBounded() {
    let widest = [Int](repeating: 1, count: 32)
    var body = OnnxGraph()
    body.inputs = ["turn", "goes"].map { OnnxValue($0, ImportModels.type([])) }
    body.outputs = ["goes", "r"].map { OnnxValue($0, ImportModels.type([])) }
    body.nodes = [OnnxNode("Relu", inputs: ["x"], outputs: ["r"])]
    let model = ImportModels.model(
      [
        OnnxNode(
          "Loop", name: "l", inputs: ["count", ""], outputs: ["y"],
          attributes: [OnnxAttribute("body", body)])
      ], inputs: [("x", widest)], weights: [("count", HostTensor(Int64(2)))])
    let text = ImportModels.complaint(model)
    #expect(text.contains("node 0 'l', Loop") && text.contains("33 axes, more than 32"), "\(text)")
  }

  @Test func manyNamesTakeLinearTime() throws {
    // Each was searched for among all before it: some 10¹⁰ comparisons.
    let count = 100_000
    var names = NameTable()
    for _ in 0..<count { _ = names.claim("a") }
    #expect(names.claim("a") == "a_\(count)")
    let inputs = (0..<count / 10).map { index in
      OnnxValue("i\(index)", ImportModels.type(["s\(index)", "t\(index)"]))
    }
    let binding = try InputBinding(inputs, path: "m.onnx")
    var settings: [String: String] = [:]
    for index in 0..<count / 10 {
      settings["s\(index)"] = "1"
      settings["t\(index)"] = "2"
    }
    var types: [TensorType] = []
    let duration = try ContinuousClock().measure { types = try binding.types(settings, [:]) }
    #expect(types.count == count / 10)
    #expect(duration < .seconds(10))
  }

  /// Its bytes fit an Int, those of three such values do not.
  @Test func inputsThatNoMachineHoldsAreRefused() {
    let model = ImportModels.model(
      ["Relu", "Sigmoid", "Tanh"].map { OnnxNode($0, inputs: ["x"], outputs: [$0]) },
      inputs: [("x", [2_147_483_647, 536_870_911])], outputs: ["Relu", "Sigmoid", "Tanh"])
    #expect(
      ImportModels.complaint(model).contains(
        "input 'x' has the shape [2147483647, 536870911], which no memory holds"))
  }

  /// A region behind the end of an axis: no position reads anything.
  @Test(arguments: ["linear", "cubic"])
  func aResizeThatReadsNothingExtrapolates(mode: String) throws {
    let model = ImportModels.model(
      [
        OnnxNode(
          "Resize", inputs: ["x", "region", "scales"], outputs: ["y"],
          attributes: [
            OnnxAttribute("mode", mode), OnnxAttribute("exclude_outside", 1),
            OnnxAttribute("coordinate_transformation_mode", "tf_crop_and_resize"),
            OnnxAttribute("extrapolation_value", Float(7)),
          ])
      ], inputs: [("x", [4])],
      weights: [
        ("region", HostTensor([2], [2, 3] as [Float])),
        ("scales", HostTensor([1], [0.5] as [Float])),
      ])
    let y = try ImportModels.run(model, ["x": HostTensor([4], [1, 2, 3, 4] as [Float])])["y"]!
    #expect(y.elements() == [7, 7] as [Float])
  }

  /// Its one constant element has 2³⁰ neighbours: not to be computed while importing.
  @Test func largeWindowsOnConstantsAreLeft() throws {
    let side = 1 << 30
    let model = ImportModels.model(
      [
        OnnxNode(
          "MaxPool", inputs: ["w"], outputs: ["m"],
          attributes: [
            OnnxAttribute("kernel_shape", [side, 1]),
            OnnxAttribute("strides", [side, 1]),
            OnnxAttribute("pads", [side - 1, 0, 0, 0]),
          ]),
        OnnxNode("Add", inputs: ["x", "m"], outputs: ["y"]),
      ], inputs: [("x", [1, 1, 1, 1])],
      weights: [("w", HostTensor([1, 1, 1, 1], [1] as [Float]))])
    let duration = try ContinuousClock().measure { _ = try OnnxImport(model, path: "m.onnx") }
    #expect(duration < .seconds(10))
  }

  /// Places that a reflection reads, of ten axes with a million each.
  @Test func tablesOfAnImportAreBounded() {
    let pads = HostTensor([2], [1 << 19, (1 << 19) - 8] as [Int64])
    let model = ImportModels.model(
      (0..<10).map { index in
        OnnxNode(
          "Pad", inputs: ["x\(index)", "pads"], outputs: ["y\(index)"],
          attributes: [OnnxAttribute("mode", "reflect")])
      }, inputs: (0..<10).map { ("x\($0)", [$0 + 2]) }, outputs: (0..<10).map { "y\($0)" },
      weights: [("pads", pads)])
    #expect(ImportModels.complaint(model).contains("have more than 4194304 elements"))
    let resize = ImportModels.model(
      [
        OnnxNode(
          "Resize", inputs: ["x", "", "scales"], outputs: ["y"],
          attributes: [OnnxAttribute("mode", "linear"), OnnxAttribute("antialias", 1)])
      ], inputs: [("x", [1 << 24])], weights: [("scales", HostTensor([1], [1.0 / 256] as [Float]))])
    #expect(
      ImportModels.complaint(resize).contains("makes 65536 positions of 512 elements each"))
  }

  /// A thousand times the places of a tensor that stands in the file once.
  @Test func placesOfElementsAreBounded() {
    let nodes = (0..<1_000).map { OnnxNode("NonZero", inputs: ["w"], outputs: ["n\($0)"]) }
    let model = ImportModels.model(
      nodes + [OnnxNode("Relu", inputs: ["x"], outputs: ["y"])],
      weights: [("w", HostTensor([8_192], [Int32](repeating: 1, count: 8_192)))])
    let text = ImportModels.complaint(model)
    #expect(text.contains("NonZero") && text.contains("have more than 4194304 elements"), "\(text)")
  }

  @Test func permutationsNameEveryAxis() {
    let model = ImportModels.model([
      OnnxNode(
        "Transpose", inputs: ["x"], outputs: ["y"],
        attributes: [OnnxAttribute("perm", [0, 1, 2])])
    ])
    #expect(ImportModels.complaint(model).contains("it permutes f32[2, 3] by [0, 1, 2]"))
  }

  @Test func longPathsOfWeightsAreNotLookedInto() throws {
    let path = String(repeating: ".", count: 40_000) + "w"
    let weight = HostTensor([2, 2], [1, 0, 0, 1] as [Float])
    let model = ImportModels.model(
      [OnnxNode("MatMul", inputs: ["x", path], outputs: ["y"])], inputs: [("x", [2, 2])],
      weights: [(path, weight)])
    let graph = try OnnxImport(model, path: "m.onnx").graph
    let duration = ContinuousClock().measure { _ = DefinitionPrinter(graph).text }
    #expect(duration < .seconds(10))
  }

  @Test func functionsOfOldOpsetsAreRefused() {
    var function = OnnxFunction()
    function.name = "F"
    function.domain = "local"
    function.inputs = ["a"]
    function.outputs = ["b"]
    function.nodes = [OnnxNode("Softmax", inputs: ["a"], outputs: ["b"])]
    function.opsets = [OnnxOpset(version: 11)]
    var model = ImportModels.model([OnnxNode("F", domain: "local", inputs: ["x"], outputs: ["y"])])
    model.functions = [function]
    #expect(
      ImportModels.complaint(model).contains("the function is written in opset 11, but 13 to"))
  }

  /// What is wrong with a body is said of the body, not of its first turn.
  @Test func loopsAreWrittenOutForTheirShapesOnly() {
    var body = OnnxGraph()
    body.inputs = ["turn", "goes", "v"].map { OnnxValue($0, ImportModels.type([])) }
    body.outputs = ["goes", "next"].map { OnnxValue($0, ImportModels.type([])) }
    body.nodes = [OnnxNode("Nonsense", inputs: ["v"], outputs: ["next"])]
    let model = ImportModels.model(
      [
        OnnxNode(
          "Loop", name: "l", inputs: ["count", "", "x"], outputs: ["y"],
          attributes: [OnnxAttribute("body", body)])
      ], weights: [("count", HostTensor(Int64(2)))])
    #expect(ImportModels.complaint(model).contains("of 'body' in 'l', Nonsense"))
  }

  // MARK: tensors in other files

  private func external(_ name: String, _ entries: [String: String], _ extents: [Int64])
    -> OnnxTensor
  {
    var tensor = OnnxTensor()
    tensor.name = name
    tensor.element = 1
    tensor.extents = extents
    tensor.location = 1
    tensor.external = entries.sorted { $0.key < $1.key }.map { OnnxEntry($0.key, $0.value) }
    return tensor
  }

  @Test func bytesOfOtherFilesAreReadOnce() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write([UInt8](repeating: 0, count: 24), to: folder.path + "/w.bin")
    var model = ImportModels.model([
      OnnxNode("Add", inputs: ["x", "a"], outputs: ["s"]),
      OnnxNode("Add", inputs: ["s", "b"], outputs: ["y"]),
    ])
    // Tied weights are one tensor.
    model.graph!.initializers = [
      external("a", ["location": "w.bin"], [2, 3]), external("b", ["location": "w.bin"], [2, 3]),
    ]
    #expect(ImportModels.complaint(model, path: folder.path + "/m.onnx").hasPrefix("imported"))
    // The same bytes in other shapes, or by other names of the file, are copies.
    for other in [
      external("b", ["location": "w.bin"], [1, 2, 3]),
      external("b", ["location": "./w.bin"], [2, 3]),
      external("b", ["location": "w.bin", "offset": "4", "length": "4"], [1]),
    ] {
      model.graph!.initializers[1] = other
      let text = ImportModels.complaint(model, path: folder.path + "/m.onnx")
      #expect(text.contains("initializer 'b': with it the model takes"), "\(text)")
    }
  }

  @Test func filesThatShrinkAreRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/w.bin"
    try AtomicFile.write([UInt8](repeating: 0, count: 16_384), to: path)
    let data = ExternalData(besides: folder.path + "/m.onnx")
    let first = external("a", ["location": "w.bin", "length": "4"], [1])
    #expect(try data.tensor(first) { $0 }.shape == [1])
    #expect(truncate(path, 0) == 0)
    let second = external("b", ["location": "w.bin", "offset": "8192", "length": "4"], [1])
    #expect(throws: FormatError.self) { try data.tensor(second) { $0 } }
  }
}
