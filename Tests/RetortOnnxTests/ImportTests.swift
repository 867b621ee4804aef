import RetortFormats
import RetortIR
import RetortOnnx
import RetortRuntime
import RetortTensor
import RetortTestSupport
import Testing

/// What imported models compute.
@Suite struct ImportTests {
  private let x = HostTensor([2, 3], [1, -2, 3, -4, 5, -6] as [Float])

  private func run(_ nodes: [OnnxNode], weights: [(String, HostTensor)] = []) throws -> [Float] {
    let model = ImportModels.model(nodes, weights: weights)
    return try ImportModels.run(model, ["x": x])["y"]!.elements()
  }

  @Test func elementwiseOperatorsBroadcast() throws {
    let w = HostTensor([3], [10, 20, 30] as [Float])
    let y = try run([OnnxNode("Add", inputs: ["x", "w"], outputs: ["y"])], weights: [("w", w)])
    #expect(y == [11, 18, 33, 6, 25, 24])
  }

  @Test func weightsKeepTheirNames() throws {
    let w = HostTensor([3, 2], [1, 0, 0, 1, 1, 1] as [Float])
    let model = ImportModels.model(
      [OnnxNode("MatMul", inputs: ["x", "layer1.0.fc.weight"], outputs: ["y"])],
      weights: [("layer1.0.fc.weight", w)])
    let imported = try OnnxImport(model, path: "m.onnx")
    #expect(imported.weights.map(\.name) == ["layer1.0.fc.weight"])
    #expect(
      imported.graph.description.contains(
        "parameter layer1_0_fc_weight: f32[3, 2] as \"layer1.0.fc.weight\""))
    #expect(try ImportModels.run(model, ["x": x])["y"]!.elements() == [4, 1, -10, -1] as [Float])
  }

  /// What exporters write for `x.view(x.size(0), -1)`.
  @Test func shapesAreFolded() throws {
    let model = ImportModels.model(
      [
        OnnxNode("Shape", inputs: ["x"], outputs: ["s"]),
        OnnxNode(
          "Gather", inputs: ["s", "zero"], outputs: ["n"],
          attributes: [
            OnnxAttribute("axis", 0)
          ]),
        OnnxNode("Unsqueeze", inputs: ["n", "axes"], outputs: ["n1"]),
        OnnxNode(
          "Concat", inputs: ["n1", "rest"], outputs: ["shape"],
          attributes: [
            OnnxAttribute("axis", 0)
          ]),
        OnnxNode("Reshape", inputs: ["x", "shape"], outputs: ["y"]),
      ],
      inputs: [("x", ["batch", 3, 2])],
      weights: [
        ("zero", HostTensor(Int64(0))), ("axes", HostTensor([1], [0] as [Int64])),
        ("rest", HostTensor([1], [-1] as [Int64])),
      ])
    let imported = try OnnxImport(model, path: "m.onnx", settings: ["batch": "4"])
    #expect(imported.graph.nodeCount == 1)
    #expect(imported.graph.outputs[0].name == "y")
    #expect(imported.graph.type(of: imported.graph.outputs[0].value) == TensorType([4, 6]))
  }

  @Test func integersDivideTowardZero() throws {
    let model = ImportModels.model(
      [
        OnnxNode("Cast", inputs: ["x"], outputs: ["i"], attributes: [OnnxAttribute("to", 7)]),
        OnnxNode("Div", inputs: ["i", "two"], outputs: ["y"]),
      ], weights: [("two", HostTensor(Int64(-2)))])
    #expect(
      try ImportModels.run(model, ["x": x])["y"]!.elements() == [0, 1, -1, 2, -2, 3] as [Int64])
  }

  @Test func slicesGoBackward() throws {
    let y = try run(
      [OnnxNode("Slice", inputs: ["x", "starts", "ends", "axes", "steps"], outputs: ["y"])],
      weights: [
        ("starts", HostTensor([1], [-1] as [Int64])),
        ("ends", HostTensor([1], [Int64.min])), ("axes", HostTensor([1], [1] as [Int64])),
        ("steps", HostTensor([1], [-2] as [Int64])),
      ])
    #expect(y == [3, 1, -6, -4])
  }

  @Test func functionsAreInlined() throws {
    var function = OnnxFunction()
    function.name = "Twice"
    function.domain = "local"
    function.inputs = ["a"]
    function.outputs = ["b"]
    function.attributes = ["slope"]
    var reference = OnnxAttribute("alpha", Float(0))
    reference.float = nil
    reference.reference = "slope"
    function.nodes = [
      OnnxNode("LeakyRelu", inputs: ["a"], outputs: ["c"], attributes: [reference]),
      OnnxNode("Add", inputs: ["c", "c"], outputs: ["b"]),
    ]
    function.opsets = [OnnxOpset(version: 18)]
    var model = ImportModels.model([
      OnnxNode(
        "Twice", domain: "local", inputs: ["x"], outputs: ["y"],
        attributes: [
          OnnxAttribute("slope", Float(0.5))
        ])
    ])
    model.functions = [function]
    model.opsets.append(OnnxOpset(domain: "local", version: 1))
    #expect(
      try ImportModels.run(model, ["x": x])["y"]!.elements() == [2, -2, 6, -4, 10, -6] as [Float])
  }

  @Test func loopsOfKnownLengthRepeat() throws {
    var body = OnnxGraph()
    body.inputs = ["turn", "goes", "v"].map { OnnxValue($0, ImportModels.type([])) }
    body.outputs = ["goes", "next", "next"].map { OnnxValue($0, ImportModels.type([])) }
    body.nodes = [OnnxNode("Add", inputs: ["v", "x"], outputs: ["next"])]
    let model = ImportModels.model(
      [
        OnnxNode(
          "Loop", inputs: ["count", "", "x"], outputs: ["y", "all"],
          attributes: [
            OnnxAttribute("body", body)
          ])
      ], outputs: ["y", "all"], weights: [("count", HostTensor(Int64(2)))])
    let results = try ImportModels.run(model, ["x": x])
    #expect(results["y"]!.elements() == [3, -6, 9, -12, 15, -18] as [Float])
    #expect(results["all"]!.shape == [2, 2, 3])
  }

  /// The carried value grows by a row each turn.
  @Test func loopsWhoseShapesChangeAreWrittenOut() throws {
    var body = OnnxGraph()
    body.inputs = ["turn", "goes", "v"].map { OnnxValue($0, ImportModels.type([])) }
    body.outputs = ["goes", "next"].map { OnnxValue($0, ImportModels.type([])) }
    body.nodes = [
      OnnxNode(
        "Concat", inputs: ["v", "x"], outputs: ["next"], attributes: [OnnxAttribute("axis", 0)])
    ]
    let model = ImportModels.model(
      [
        OnnxNode(
          "Loop", inputs: ["count", "", "x"], outputs: ["y"],
          attributes: [OnnxAttribute("body", body)])
      ], weights: [("count", HostTensor(Int64(3)))])
    #expect(try ImportModels.run(model, ["x": x])["y"]!.shape == [8, 3])
  }

  /// One function, called twice, has a tensor of one name that is another one in each call.
  @Test func tensorsOfFunctionsKeepApart() throws {
    var function = OnnxFunction()
    function.name = "AddTable"
    function.domain = "local"
    function.inputs = ["a"]
    function.outputs = ["b"]
    function.attributes = ["table"]
    var reference = OnnxAttribute("value", OnnxTensor())
    reference.tensor = nil
    reference.reference = "table"
    function.nodes = [
      OnnxNode("Constant", inputs: [], outputs: ["c"], attributes: [reference]),
      OnnxNode("Add", inputs: ["a", "c"], outputs: ["b"]),
    ]
    func table(_ first: Float) -> HostTensor {
      HostTensor([5000], (0..<5000).map { first + Float($0) })
    }
    var model = ImportModels.model(
      [("x", "h", Float(1)), ("h", "y", Float(100))].map { from, to, first in
        OnnxNode(
          "AddTable", domain: "local", inputs: [from], outputs: [to],
          attributes: [OnnxAttribute("table", OnnxTensor("", table(first)))])
      }, inputs: [("x", [5000])])
    model.functions = [function]
    model.opsets.append(OnnxOpset(domain: "local", version: 1))
    let y = try ImportModels.run(model, ["x": HostTensor(zeros: TensorType([5000]))])["y"]!
    #expect(y.elements(as: Float.self).prefix(3) == [101, 103, 105])
  }

  @Test func maximaHavePlaces() throws {
    let image = HostTensor([1, 1, 3, 3], [1, 5, 2, 7, 3, 9, 4, 6, 8] as [Float])
    let model = ImportModels.model(
      [
        OnnxNode(
          "MaxPool", inputs: ["x"], outputs: ["y", "i"],
          attributes: [OnnxAttribute("kernel_shape", [2, 2])])
      ], inputs: [("x", [1, 1, 3, 3])], outputs: ["y", "i"])
    let results = try ImportModels.run(model, ["x": image])
    #expect(results["y"]!.elements() == [7, 9, 7, 9] as [Float])
    #expect(results["i"]!.elements() == [3, 5, 3, 5] as [Int64])
  }

  @Test func knownConditionsChooseABranch() throws {
    func graph(_ op: String) -> OnnxGraph {
      var graph = OnnxGraph()
      graph.nodes = [OnnxNode(op, inputs: ["x"], outputs: ["r"])]
      graph.outputs = [OnnxValue("r", ImportModels.type([]))]
      return graph
    }
    let y = try run(
      [
        OnnxNode(
          "If", inputs: ["c"], outputs: ["y"],
          attributes: [
            OnnxAttribute("then_branch", graph("Neg")), OnnxAttribute("else_branch", graph("Abs")),
          ])
      ], weights: [("c", HostTensor(false))])
    #expect(y == [1, 2, 3, 4, 5, 6])
  }

  @Test func halfPrecisionIsWidened() throws {
    var half = OnnxTensor("w", HostTensor([1], [2] as [Float]).converted(to: .f16))
    half.name = "w"
    var model = ImportModels.model([OnnxNode("Mul", inputs: ["x", "w"], outputs: ["y"])])
    model.graph!.initializers = [half]
    #expect(
      try ImportModels.run(model, ["x": x])["y"]!.elements() == [2, -4, 6, -8, 10, -12] as [Float])
  }

  @Test func modelsGoThroughTheirBytes() throws {
    let model = ImportModels.model([OnnxNode("Relu", inputs: ["x"], outputs: ["y"])])
    let read = try OnnxModel(decoding: model.protobuf)
    #expect(try ImportModels.run(read, ["x": x])["y"]!.elements() == [1, 0, 3, 0, 5, 0] as [Float])
  }

  @Test func namesBecomeReadable() throws {
    let model = ImportModels.model(
      [
        OnnxNode(
          "Relu", inputs: ["input.1"], outputs: ["/layer1/layer1.0/relu/Relu_output_0"]),
        OnnxNode("Neg", inputs: ["/layer1/layer1.0/relu/Relu_output_0"], outputs: ["12"]),
      ], inputs: [("input.1", [2])], outputs: ["12"])
    let text = try OnnxImport(model, path: "m.onnx").graph.description
    #expect(text.contains("graph test(input_1: f32[2]) -> (v12: f32[2])"))
    #expect(text.contains("layer1_0_relu_relu: f32[2] = relu(input_1)"))
  }

  /// What is written means what was imported.
  @Test func writtenDefinitionsElaborateToTheSameResults() throws {
    let kernel = HostTensor([2, 2, 1, 1], [1, 2, 3, 4] as [Float])
    let vector = HostTensor([2], [0.5, -1] as [Float])
    let model = ImportModels.model(
      [
        OnnxNode("Conv", inputs: ["x", "conv.weight", "conv.bias"], outputs: ["c"]),
        OnnxNode(
          "BatchNormalization",
          inputs: ["c", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"],
          outputs: ["b"]),
        OnnxNode("Clip", inputs: ["b", "low", "high"], outputs: ["r"]),
        OnnxNode("Mul", inputs: ["r", "low"], outputs: ["m"]),
        OnnxNode("ReduceMax", inputs: ["m", "axes"], outputs: ["k"]),
        OnnxNode("Greater", inputs: ["m", "k"], outputs: ["g"]),
        OnnxNode("Where", inputs: ["g", "m", "high"], outputs: ["y"]),
      ], inputs: [("x", [1, 2, 2, 3])],
      weights: [
        ("conv.weight", kernel), ("conv.bias", vector), ("bn.weight", vector), ("bn.bias", vector),
        ("bn.running_mean", vector), ("bn.running_var", HostTensor([2], [1, 4] as [Float])),
        ("low", HostTensor(Float(-1.5))), ("high", HostTensor(Float(6))),
        ("axes", HostTensor([2], [2, 3] as [Int64])),
      ])
    let imported = try OnnxImport(model, path: "m.onnx")
    let text = DefinitionPrinter(imported.graph).text
    let written = try TestDefinition(text: text).graph()
    #expect(text.contains("clamp(b, -1.5, 6.0)"))
    #expect(text.contains("buffer bn_running_mean: f32[2] as \"bn.running_mean\""))
    var inputs = ["x": HostTensor([1, 2, 2, 3], (0..<12).map { Float($0) - 5 })]
    for (name, tensor) in imported.weights { inputs[name] = tensor }
    let a = try Interpreter().run(imported.graph, inputs: inputs).outputs["y"]!
    let b = try Interpreter().run(written, inputs: inputs).outputs["y"]!
    #expect(a == b)
  }

  /// Two blocks that differ in the path of their weights become two calls of one graph.
  @Test func repeatedBlocksBecomeCalls() throws {
    let weight = HostTensor([3, 3], [1, 0, 2, 0, 1, 0, 0.5, 0, 1] as [Float])
    let bias = HostTensor([3], [1, 2, -30] as [Float])
    var nodes: [OnnxNode] = []
    var weights: [(String, HostTensor)] = []
    var x = "x"
    for path in ["net.0", "net.1", "net.2"] {
      weights += [("\(path).fc.weight", weight), ("\(path).fc.bias", bias)]
      nodes += [
        OnnxNode("MatMul", inputs: [x, "\(path).fc.weight"], outputs: ["\(path).m"]),
        OnnxNode("Add", inputs: ["\(path).m", "\(path).fc.bias"], outputs: ["\(path).a"]),
        OnnxNode("Relu", inputs: ["\(path).a"], outputs: ["\(path).r"]),
        OnnxNode("Add", inputs: [x, "\(path).r"], outputs: ["\(path).s"]),
      ]
      x = "\(path).s"
    }
    nodes.append(OnnxNode("Neg", inputs: [x], outputs: ["y"]))
    let imported = try OnnxImport(
      ImportModels.model(nodes, weights: weights), path: "m.onnx")
    #expect(
      DefinitionPrinter(imported.graph).text == """
        graph test(x: f32[2, 3]) -> (y: f32[2, 3]) {
          net_0_s = net_block(x) as "net.0"
          net_1_s = net_block(net_0_s) as "net.1"
          net_2_s = net_block(net_1_s) as "net.2"
          y = -net_2_s
          return y
        }

        // Called 3 times.
        graph net_block(x: f32[2, 3]) -> f32[2, 3] {
          parameter fc_weight: f32[3, 3] as "fc.weight"
          parameter fc_bias: f32[3] as "fc.bias"
          m = matmul(x, fc_weight)
          a = m + fc_bias
          r = relu(a)
          s = x + r
          return s
        }

        """)
    let written = try TestDefinition(text: DefinitionPrinter(imported.graph).text).graph()
    var inputs = ["x": self.x]
    for (name, tensor) in imported.weights { inputs[name] = tensor }
    let a = try Interpreter().run(imported.graph, inputs: inputs).outputs["y"]!
    let b = try Interpreter().run(written, inputs: inputs).outputs["y"]!
    #expect(a == b)
    #expect(Set(written.inputs.map(\.name)) == Set(imported.graph.inputs.map(\.name)))
  }

  @Test func filesGiveOpenExtents() throws {
    let model = ImportModels.model(
      [OnnxNode("Relu", inputs: ["x"], outputs: ["y"])], inputs: [("x", ["n", 3])])
    #expect(try ImportModels.run(model, ["x": x])["y"]!.shape == [2, 3])
  }

  @Test func everyOperatorIsListedOnce() {
    let text = OnnxReference.markdown
    #expect(text.contains("| `Conv` |"))
    #expect(text.contains("| `Attention` | 23 |"))
  }

  /// Inputs are spelt anew; what they are called then is no weight's name any more.
  @Test func anInputMayBeSpeltLikeAWeight() throws {
    let weight = HostTensor([3], [1, 2, 3] as [Float])
    let model = ImportModels.model(
      [OnnxNode("Add", inputs: ["x.1", "x_1"], outputs: ["y"])],
      inputs: [("x.1", [2, 3])], weights: [("x_1", weight)])
    let found = try ImportModels.run(model, ["x_1": HostTensor(zeros: TensorType(.f32, [2, 3]))])
    #expect(found["y"] == HostTensor([2, 3], [1, 2, 3, 1, 2, 3] as [Float]))
  }
}
