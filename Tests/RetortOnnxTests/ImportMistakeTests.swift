import Foundation
import RetortFormats
import RetortOnnx
import RetortTensor
import RetortTestSupport
import Testing

/// Models that are wrong or hostile: each a sentence that names the node and what to do.
@Suite struct ImportMistakeTests {
  private func complaint(
    _ nodes: [OnnxNode], inputs: [(String, [Any])] = [("x", [2, 3])],
    weights: [(String, HostTensor)] = []
  ) -> String {
    ImportModels.complaint(ImportModels.model(nodes, inputs: inputs, weights: weights))
  }

  @Test func resultsThatCannotBeWrittenOutAreNamed() {
    var numbers = [Float](repeating: 1, count: 1 << 17)
    numbers[0] = .infinity
    let model = ImportModels.model(
      [], outputs: ["w"], weights: [("w", HostTensor([numbers.count], numbers))])
    #expect(
      ImportModels.complaint(model).contains(
        "error: output 'w': the tensor 'w' holds NaN or infinity and is too large to write out"))
  }

  @Test func unsupportedOperatorsAreNamed() {
    let text = complaint([
      OnnxNode("NonMaxSuppression", name: "nms", inputs: ["x"], outputs: ["y"])
    ])
    #expect(
      text.hasPrefix(
        "/nowhere/test.onnx: error: node 0 'nms', NonMaxSuppression (opset 18): this operator is"
          + " not imported\n"))
    #expect(text.contains("retort import --operators"))
    let near = complaint([OnnxNode("Convv", inputs: ["x"], outputs: ["y"])])
    #expect(near.contains("did you mean 'Conv'?"))
    let foreign = complaint([
      OnnxNode("FusedConv", domain: "com.microsoft", inputs: ["x"], outputs: ["y"])
    ])
    #expect(foreign.contains("com.microsoft::FusedConv"))
    #expect(foreign.contains("standard operators"))
  }

  @Test func operatorsOfLaterOpsetsAreRefused() {
    let model = ImportModels.model(
      [OnnxNode("Gelu", inputs: ["x"], outputs: ["y"])], opset: 18)
    #expect(ImportModels.complaint(model).contains("exists since opset 20 only"))
  }

  @Test func oldOpsetsAreRefused() {
    let model = ImportModels.model([OnnxNode("Relu", inputs: ["x"], outputs: ["y"])], opset: 9)
    #expect(ImportModels.complaint(model).contains("is written in opset 9, but 13 to"))
  }

  @Test func cyclesAndUnknownInputsAreRefused() {
    let cycle = complaint([
      OnnxNode("Add", inputs: ["x", "b"], outputs: ["y"]),
      OnnxNode("Neg", inputs: ["y"], outputs: ["b"]),
    ])
    #expect(cycle.contains("node 0, Add (opset 18): it reads 'b', which only a later node makes"))
    let unknown = complaint([OnnxNode("Relu", inputs: ["xx"], outputs: ["y"])])
    #expect(unknown.contains("it reads 'xx', which nothing makes"))
    #expect(unknown.contains("did you mean 'x'?"))
  }

  @Test func valuesHaveOneMaker() {
    let text = complaint([
      OnnxNode("Relu", inputs: ["x"], outputs: ["y"]),
      OnnxNode("Neg", inputs: ["x"], outputs: ["y"]),
    ])
    #expect(text.contains("defines 'y' twice"))
  }

  @Test func missingOutputsAreRefused() {
    let text = complaint([OnnxNode("Relu", inputs: ["x"], outputs: ["z"])])
    #expect(text.contains("gives 'y' out, which no node makes"))
  }

  @Test func attributesAreChecked() {
    let wrong = complaint([
      OnnxNode("Softmax", inputs: ["x"], outputs: ["y"], attributes: [OnnxAttribute("axis", "1")])
    ])
    #expect(
      wrong.contains("its attribute 'axis' should be of the kind 'integer', but is of kind 'text'"))
    let missing = complaint([OnnxNode("Concat", inputs: ["x", "x"], outputs: ["y"])])
    #expect(missing.contains("its attribute 'axis' is missing"))
    let unknown = complaint([
      OnnxNode("Relu", inputs: ["x"], outputs: ["y"], attributes: [OnnxAttribute("alpha", 1)])
    ])
    #expect(unknown.contains("its attribute 'alpha' is not understood"))
    let word = complaint(
      [
        OnnxNode(
          "Resize", inputs: ["x", "", "s"], outputs: ["y"],
          attributes: [
            OnnxAttribute("mode", "lanczos")
          ])
      ], weights: [("s", HostTensor([2], [2, 2] as [Float]))])
    #expect(word.contains("'mode' is 'lanczos'"))
    #expect(word.contains("understood: nearest, linear, cubic"))
  }

  @Test func inputsAndOutputsAreCounted() {
    let missing = complaint([OnnxNode("Add", inputs: ["x"], outputs: ["y"])])
    #expect(missing.contains("its input 1 is missing"))
    let extra = complaint([OnnxNode("Relu", inputs: ["x", "x"], outputs: ["y"])])
    #expect(extra.contains("its input 1, 'x', is not understood"))
    let output = complaint([OnnxNode("Relu", inputs: ["x"], outputs: ["y", "z"])])
    #expect(output.contains("its output 1, 'z', is not computed"))
  }

  @Test func shapesThatInputsDecideAreRefused() {
    let text = complaint(
      [
        OnnxNode("Cast", inputs: ["x"], outputs: ["i"], attributes: [OnnxAttribute("to", 7)]),
        OnnxNode("Reshape", inputs: ["x", "i"], outputs: ["y"]),
      ], inputs: [("x", [2])])
    #expect(text.contains("its shape depends on the model's inputs, so shapes are not static"))
  }

  @Test(arguments: [
    [-3, 2], [Int.max, Int.max], [1 << 40, 1 << 40], [Int.min], [-1, -1],
  ])
  func hostileShapesAreRefused(extents: [Int]) {
    let shape = HostTensor([extents.count], extents.map(Int64.init))
    for op in ["Reshape", "Expand", "Tile"] {
      let text = complaint(
        [OnnxNode(op, inputs: ["x", "s"], outputs: ["y"])], inputs: [("x", [2, 3])],
        weights: [("s", shape)])
      #expect(text.contains("error: node 0, \(op)"), "\(op) \(extents): \(text)")
    }
    let fill = complaint(
      [OnnxNode("ConstantOfShape", inputs: ["s"], outputs: ["y"])], weights: [("s", shape)])
    #expect(fill.contains("error: node 0, ConstantOfShape"), "\(extents): \(fill)")
  }

  @Test(arguments: [
    ("pads", [Int.max, 0, 0, Int.max]), ("pads", [-1, 0, 0, 0]), ("strides", [0, 1]),
    ("strides", [Int.max, Int.max]), ("dilations", [Int.max, 1]), ("kernel_shape", [0, -1]),
    ("pads", [1]),
  ])
  func hostileWindowsAreRefused(attribute: String, numbers: [Int]) {
    for op in ["MaxPool", "AveragePool", "Conv", "ConvTranspose"] {
      var attributes = [OnnxAttribute(attribute, numbers)]
      if op.hasSuffix("Pool"), attribute != "kernel_shape" {
        attributes.append(OnnxAttribute("kernel_shape", [2, 2]))
      }
      let inputs = op.hasSuffix("Pool") ? ["x"] : ["x", "w"]
      let text = complaint(
        [OnnxNode(op, inputs: inputs, outputs: ["y"], attributes: attributes)],
        inputs: [("x", [1, 1, 4, 4])],
        weights: [("w", HostTensor(zeros: TensorType([1, 1, 2, 2])))])
      #expect(text.contains("error: node 0, \(op)"), "\(op) \(attribute) \(numbers): \(text)")
    }
  }

  @Test func extentsMustBeBound() {
    let model = ImportModels.model(
      [OnnxNode("Relu", inputs: ["x"], outputs: ["y"])], inputs: [("x", ["batch", 3])])
    let open = ImportModels.complaint(model)
    #expect(open.contains("an extent is open: 'batch' of input 'x'"))
    #expect(open.contains("--set batch=1"))
    let slip = ImportModels.complaint(model, settings: ["bacth": "2"])
    #expect(slip.contains("no input has an extent named 'bacth'"))
    #expect(slip.contains("did you mean 'batch'?"))
    for text in ["-1", "x", "99999999999999999999"] {
      let complaint = ImportModels.complaint(model, settings: ["batch": text])
      #expect(
        complaint.hasPrefix("--set batch=\(text): error: an extent is a whole number"),
        "\(complaint)")
    }
  }

  @Test func inputsOfNegativeOrHugeExtentsAreRefused() {
    let relu = [OnnxNode("Relu", inputs: ["x"], outputs: ["y"])]
    #expect(complaint(relu, inputs: [("x", [-1, 3])]).contains("has the extent -1 on axis 0"))
    #expect(complaint(relu, inputs: [("x", [Int.max])]).contains("has the extent"))
    let huge = [Any](repeating: 1 << 30, count: 4)
    #expect(complaint(relu, inputs: [("x", huge)]).contains("which no memory holds"))
  }

  @Test func functionsThatCallThemselvesAreRefused() {
    func function(_ name: String, calls other: String) -> OnnxFunction {
      var function = OnnxFunction()
      function.name = name
      function.domain = "local"
      function.inputs = ["a"]
      function.outputs = ["b"]
      function.nodes = [OnnxNode(other, domain: "local", inputs: ["a"], outputs: ["b"])]
      return function
    }
    var model = ImportModels.model([
      OnnxNode("F", domain: "local", inputs: ["x"], outputs: ["y"])
    ])
    model.functions = [function("F", calls: "G"), function("G", calls: "F")]
    #expect(ImportModels.complaint(model).contains("the function calls itself"))
  }

  /// Each function calls the next one twice: 2³⁰ nodes, were there no limit.
  @Test func functionsThatMultiplyAreRefused() {
    var model = ImportModels.model([
      OnnxNode("F0", domain: "local", inputs: ["x"], outputs: ["y"])
    ])
    model.functions = (0..<30).map { index in
      var function = OnnxFunction()
      function.name = "F\(index)"
      function.domain = "local"
      function.inputs = ["a"]
      function.outputs = ["c"]
      let (op, domain) = index == 29 ? ("Relu", "") : ("F\(index + 1)", "local")
      function.nodes = [
        OnnxNode(op, domain: domain, inputs: ["a"], outputs: ["b"]),
        OnnxNode(op, domain: domain, inputs: ["b"], outputs: ["c"]),
      ]
      return function
    }
    #expect(ImportModels.complaint(model).contains("more than 100000 nodes"))
  }

  @Test func graphsWithinEachOtherHaveADepth() {
    var graph = OnnxGraph()
    graph.nodes = [OnnxNode("Neg", inputs: ["x"], outputs: ["r"])]
    graph.outputs = [OnnxValue("r", ImportModels.type([]))]
    for _ in 0..<60 {
      var outer = OnnxGraph()
      outer.nodes = [
        OnnxNode(
          "If", inputs: ["c"], outputs: ["r"],
          attributes: [
            OnnxAttribute("then_branch", graph), OnnxAttribute("else_branch", graph),
          ])
      ]
      outer.outputs = graph.outputs
      graph = outer
    }
    var model = ImportModels.model([], weights: [("c", HostTensor(true))])
    model.graph!.nodes = graph.nodes
    model.graph!.outputs = graph.outputs
    #expect(ImportModels.complaint(model).contains("deeper in each other than"))
  }

  @Test(arguments: [
    "../secret.bin", "/etc/passwd", "a/../../secret.bin", "link.bin", "none.bin", "",
  ])
  func tensorsOutsideTheFolderAreRefused(location: String) throws {
    let folder = try TemporaryFolder()
    let inner = folder.path + "/model"
    try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
    try AtomicFile.write([UInt8](repeating: 0, count: 12), to: folder.path + "/secret.bin")
    try FileManager.default.createSymbolicLink(
      atPath: inner + "/link.bin", withDestinationPath: folder.path + "/secret.bin")
    var tensor = OnnxTensor()
    tensor.name = "w"
    tensor.element = 1
    tensor.extents = [3]
    tensor.location = 1
    tensor.external = [OnnxEntry("location", location)]
    var model = ImportModels.model([OnnxNode("Add", inputs: ["x", "w"], outputs: ["y"])])
    model.graph!.initializers = [tensor]
    let text = ImportModels.complaint(model, path: inner + "/m.onnx")
    #expect(text.contains("error: initializer 'w': it lies in"), "\(text)")
  }

  @Test(arguments: [
    ("offset", "-1"), ("offset", "99"), ("length", "x"), ("length", "9223372036854775807"),
  ])
  func placesInOtherFilesAreChecked(key: String, value: String) throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write([UInt8](repeating: 0, count: 12), to: folder.path + "/w.bin")
    var tensor = OnnxTensor()
    tensor.name = "w"
    tensor.element = 1
    tensor.extents = [3]
    tensor.location = 1
    tensor.external = [OnnxEntry("location", "w.bin"), OnnxEntry(key, value)]
    var model = ImportModels.model([OnnxNode("Add", inputs: ["x", "w"], outputs: ["y"])])
    model.graph!.initializers = [tensor]
    let text = ImportModels.complaint(model, path: folder.path + "/m.onnx")
    #expect(text.contains("error: initializer 'w'"), "\(text)")
    tensor.external = [OnnxEntry("location", "w.bin")]
    model.graph!.initializers = [tensor]
    #expect(ImportModels.complaint(model, path: folder.path + "/m.onnx").hasPrefix("imported"))
  }

  /// Every operator on no inputs, and on inputs of unlikely types: a diagnostic or a graph, no trap.
  @Test func operatorsSurviveWhateverTheyGet() {
    let shapes: [[Int]] = [[], [0], [3], [2, 0, 2], [1, 2, 3, 4]]
    let tensors: [HostTensor] = [
      HostTensor(Float.nan), HostTensor([2], [Int64.min, .max]), HostTensor(true),
      HostTensor([3], [-1, 0, 5] as [Int64]), HostTensor([0], [Float]()),
      HostTensor([1, 1, 3, 3], [Float](repeating: .infinity, count: 9)),
    ]
    for name in OnnxReference.names {
      for shape in shapes {
        for count in 0...3 {
          for constant in tensors {
            let inputs = (0..<count).map { $0 == 0 ? "x" : "c" }
            let model = ImportModels.model(
              [OnnxNode(name, inputs: inputs, outputs: ["y"])], inputs: [("x", shape)],
              weights: [("c", constant)], opset: 28)
            _ = ImportModels.complaint(model)
          }
        }
      }
    }
  }
}
