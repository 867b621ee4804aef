import Foundation
import RetortFormats
import RetortIR
import RetortOps
import RetortRuntime
import RetortTensor
import RetortTestSupport
import Testing

@testable import RetortOnnx

/// Numbers for which the obvious formula is not good enough.
@Suite struct ImportNumberTests {
  /// What one node makes of an input, or of inputs that are weights behind it.
  private func run(
    _ op: String, _ x: HostTensor, _ others: [HostTensor] = [], _ attributes: [OnnxAttribute] = [],
    opset: Int64 = 18
  ) throws -> HostTensor {
    let names = others.indices.map { "c\($0)" }
    var model = ImportModels.model(
      [OnnxNode(op, inputs: ["x"] + names, outputs: ["y"], attributes: attributes)],
      weights: Array(zip(names, others)), opset: opset)
    model.graph!.inputs = [
      OnnxValue(
        "x", ImportModels.type(x.shape.extents, element: OnnxElement(x.type.element).rawValue))
    ]
    return try ImportModels.run(model, ["x": x])["y"]!
  }

  private func floats(_ op: String, _ x: [Float]) throws -> [Float] {
    try run(op, HostTensor([x.count], x)).elements()
  }

  @Test func integersLoseTheirHighBits() throws {
    let wide = HostTensor([5], [4_294_967_301, -1, .max, .min, -4_294_967_297] as [Int64])
    func cast(_ x: HostTensor, _ to: OnnxElement) throws -> HostTensor {
      try run("Cast", x, [], [OnnxAttribute("to", to.rawValue)])
    }
    #expect(try cast(wide, .int32).elements() == [5, -1, -1, 0, -1] as [Int32])
    #expect(
      try cast(wide, .uint32).elements() == [5, .max, .max, 0, .max] as [UInt32])
    let narrow = HostTensor([3], [-1, .min, 300] as [Int32])
    #expect(
      try cast(narrow, .uint32).elements() == [4_294_967_295, 2_147_483_648, 300] as [UInt32])
    #expect(try cast(narrow, .int64).elements() == [-1, -2_147_483_648, 300] as [Int64])
    #expect(try cast(narrow, .uint8).elements() == [255, 0, 44] as [Int32])
    #expect(try cast(narrow, .int8).elements() == [-1, 0, 44] as [Int32])
    let words = HostTensor([2], [.max, 7] as [UInt32])
    #expect(try cast(words, .int32).elements() == [-1, 7] as [Int32])
    #expect(
      try run("CastLike", narrow, [words]).elements()
        == [4_294_967_295, 2_147_483_648, 300] as [UInt32])
  }

  @Test func runningSumsTakeInfinitiesAndIntegers() throws {
    let axis = HostTensor(Int64(0))
    func sum(_ flags: [OnnxAttribute]) throws -> [Float] {
      try run("CumSum", HostTensor([4], [1, 2, .infinity, 3] as [Float]), [axis], flags).elements()
    }
    #expect(try sum([]) == [1, 3, .infinity, .infinity])
    #expect(try sum([OnnxAttribute("exclusive", 1)]) == [0, 1, 3, .infinity])
    #expect(try sum([OnnxAttribute("reverse", 1)]) == [.infinity, .infinity, .infinity, 3])
    let integers = HostTensor([2, 5], (1...10).map { Int64($0) })
    let y = try run(
      "CumSum", integers, [HostTensor(Int64(-1))],
      [OnnxAttribute("exclusive", 1), OnnxAttribute("reverse", 1)])
    #expect(y.elements() == [14, 12, 9, 5, 0, 34, 27, 19, 10, 0] as [Int64])
    #expect(
      try run("CumSum", HostTensor([0], [Float]()), [axis]).elementCount == 0)
  }

  /// The bounds that `OnnxOperator.trigonometry` states.
  @Test func circularFunctionsKeepTheirDigits() throws {
    let x: [Float] =
      [0, 1e-4, 0.5, 1.5707964, 3.1415927, 10, 1000, 1234.5, 1e4, -1e4, 9999.5]
      + (0..<500).map { Float($0) * 19.87 }
    for (op, exact) in [("Sin", sin), ("Cos", cos)] as [(String, (Double) -> Double)] {
      for (value, y) in zip(x, try floats(op, x)) {
        #expect(abs(Double(y) - exact(Double(value))) < 5e-7, "\(op)(\(value)) = \(y)")
      }
    }
    for (value, y) in zip(x, try floats("Tan", x)) {
      let exact = tan(Double(value))
      let distance = min(1, abs(cos(Double(value))))
      #expect(
        abs(Double(y) - exact) <= 5e-7 / distance * max(abs(exact), 1), "tan(\(value)) = \(y)")
    }
  }

  @Test func inverseFunctionsKeepTheirDigits() throws {
    let x: [Float] = [0, 0.3, -0.5, 0.9, 0.999, 0.99999, Float(1).nextDown, 1, -1, -0.99999]
    for (op, exact) in [("Asin", asin), ("Acos", acos)] as [(String, (Double) -> Double)] {
      for (value, y) in zip(x, try floats(op, x)) {
        let error = abs(Double(y) - exact(Double(value)))
        #expect(error <= 1e-6 * abs(exact(Double(value))), "\(op)(\(value)) = \(y)")
      }
      #expect(try floats(op, [1.5, -1.5]).allSatisfy(\.isNaN))
    }
  }

  @Test func whatIsFiniteIsItsOwnRemainderByInfinity() throws {
    let x = HostTensor([4], [5.5, -5.5, .infinity, 7] as [Float])
    let divisors = HostTensor([4], [.infinity, -.infinity, .infinity, 4] as [Float])
    let y: [Float] = try run("Mod", x, [divisors], [OnnxAttribute("fmod", 1)]).elements()
    #expect(y[0] == 5.5 && y[1] == -5.5 && y[2].isNaN && y[3] == 3)
    let finite = HostTensor([6], [5.5, -5.5, 3, -3, 0, -7] as [Float])
    let others: [Float] = [.infinity, .infinity, -.infinity, -.infinity, .infinity, 4]
    #expect(
      try run("Mod", finite, [HostTensor([6], others)]).elements()
        == [5.5, .infinity, -.infinity, -3, 0, 1] as [Float])
  }

  @Test func theSmallestOfIntegersAreFound() throws {
    func smallest(_ x: HostTensor) throws -> HostTensor {
      try run("TopK", x, [HostTensor([1], [2] as [Int64])], [OnnxAttribute("largest", 0)])
    }
    #expect(try smallest(HostTensor([3], [7, 0, 5] as [UInt32])).elements() == [0, 5] as [UInt32])
    #expect(
      try smallest(HostTensor([3], [5, .min, 7] as [Int32])).elements() == [.min, 5] as [Int32])
    #expect(
      try smallest(HostTensor([3], [3, .max, .min] as [Int64])).elements() == [.min, 3] as [Int64])
  }

  @Test(arguments: [Int64.max, 9_007_199_254_740_993, -7] as [Int64])
  func constantsKeepTheirBits(_ value: Int64) throws {
    let tensor = OnnxTensor("", HostTensor([1], [value]))
    var model = ImportModels.model(
      [
        OnnxNode(
          "ConstantOfShape", inputs: ["s"], outputs: ["c"],
          attributes: [OnnxAttribute("value", tensor)]),
        OnnxNode("Add", inputs: ["x", "c"], outputs: ["y"]),
      ], weights: [("s", HostTensor([1], [2] as [Int64]))])
    model.graph!.inputs = [
      OnnxValue("x", ImportModels.type([2], element: OnnxElement.int64.rawValue))
    ]
    let y = try ImportModels.run(model, ["x": HostTensor([2], [0, -1] as [Int64])])["y"]!
    #expect(y.elements() == [value, value - 1])
  }

  @Test func wordsAreShifted() throws {
    let x = HostTensor([2], [0x8000_0001, 6] as [UInt32])
    let amount = HostTensor(UInt32(1))
    #expect(
      try run("BitShift", x, [amount], [OnnxAttribute("direction", "LEFT")]).elements()
        == [2, 12] as [UInt32])
    #expect(
      try run("BitShift", x, [amount], [OnnxAttribute("direction", "RIGHT")]).elements()
        == [0x4000_0000, 3] as [UInt32])
  }

  @Test func integersAreDividedTowardZero() throws {
    let x = HostTensor([6], [.min, -7, 7, .min, 5, -6] as [Int32])
    let divisors = HostTensor([6], [2, 2, -2, 7, 0, 3] as [Int32])
    #expect(
      try run("Div", x, [divisors]).elements()
        == [-1_073_741_824, -3, -3, -306_783_378, 0, -2] as [Int32])
    let wide = HostTensor([1], [.min] as [Int64])
    #expect(
      try run("Div", wide, [HostTensor([1], [10] as [Int64])]).elements()
        == [-922_337_203_685_477_580] as [Int64])
    let others = HostTensor([4], [3, 3, -3, 7] as [Int32])
    let rests = try run(
      "Mod", HostTensor([4], [.min, -7, 7, .min] as [Int32]), [others], [OnnxAttribute("fmod", 1)])
    #expect(rests.elements() == [-2, -1, 1, -2] as [Int32])
  }

  @Test func integersAreReducedThroughReals() throws {
    let x = HostTensor([1, 1, 2, 4], [1, 200, -3, 4, 250, 6, 7, 0] as [Int32])
    #expect(try run("ReduceMean", x).elements() == [58] as [Int32])
    #expect(try run("ReduceLogSum", x).elements() == [6] as [Int32])
    let window = [OnnxAttribute("kernel_shape", [2, 2]), OnnxAttribute("strides", [2, 2])]
    #expect(try run("MaxPool", x, [], window).elements() == [250, 7] as [Int32])
  }

  @Test func hyperbolicFunctionsAreFiniteWhereTheirResultIs() throws {
    for (op, exact) in [("Asinh", asinh), ("Sinh", sinh), ("Cosh", cosh)]
      as [(String, (Double) -> Double)]
    {
      let x: [Float] = op == "Asinh" ? [9_999, 10_001, 1e20, -3e30] : [88.9, 89, -89, 20, -3, 0.4]
      for (value, y) in zip(x, try floats(op, x)) {
        let expected = exact(Double(value))
        #expect(abs(Double(y) - expected) <= 2e-6 * abs(expected), "\(op)(\(value)) = \(y)")
      }
    }
    #expect(try floats("Asinh", [.infinity, -.infinity]) == [.infinity, -.infinity])
  }

  /// Bounds of a backward slice: the start is cut to an element, the end may lie before the first.
  @Test func backwardSlicesBeginAtAnElement() throws {
    func slice(_ start: Int64, _ end: Int64, _ step: Int64) throws -> [Float] {
      try run(
        "Slice", HostTensor([5], [0, 1, 2, 3, 4] as [Float]),
        [start, end, 0, step].map { HostTensor([1], [$0]) }
      ).elements()
    }
    #expect(try slice(-100, -200, -1) == [0])
    #expect(try slice(-6, .min, -2) == [0])
    #expect(try slice(100, 1, -2) == [4, 2])
    #expect(try slice(3, -6, -1) == [3, 2, 1, 0])
  }

  // MARK: resizing and sampling

  private func resized(
    _ x: HostTensor, scale: Float? = nil, extent: Int64? = nil, mode: String = "linear",
    _ coordinates: String, region: [Float] = []
  ) throws -> HostTensor {
    let ones = [Int](repeating: 1, count: x.shape.rank - 1)
    let empty = HostTensor([0], [Float]())
    let scales = scale.map { HostTensor([x.shape.rank], ones.map { _ in 1 } + [$0]) } ?? empty
    let sizes = extent.map {
      [HostTensor([x.shape.rank], x.shape.extents.dropLast().map { Int64($0) } + [$0])]
    }
    return try run(
      "Resize", x, [HostTensor([region.count], region), scales] + (sizes ?? []),
      [
        OnnxAttribute("mode", mode), OnnxAttribute("coordinate_transformation_mode", coordinates),
      ])
  }

  /// 0.7 is stored as 0.69999999, which times 10 is below 7 in doubles.
  @Test func extentsOfResizesAreFloats() throws {
    let x = HostTensor([1, 1, 1, 10], (0..<10).map { Float($0) })
    #expect(try resized(x, scale: 0.7, "half_pixel").shape == [1, 1, 1, 7])
  }

  /// The corners of what the result has, not of what the scale would make it.
  @Test func alignedCornersAreTheResults() throws {
    let x = HostTensor([5], [0, 1, 2, 3, 4] as [Float])
    let y: [Float] = try resized(x, scale: 1.3, "align_corners").elements()
    #expect(y.count == 6)
    for (found, expected) in zip(y, [0, 0.8, 1.6, 2.4, 3.2, 4] as [Float]) {
      #expect(abs(found - expected) < 1e-6, "\(y)")
    }
    let two: [Float] = try resized(x, scale: 0.55, "align_corners").elements()
    #expect(two == [0, 4])
  }

  /// 1/49 · 49 is not 1 in doubles.
  @Test func resizesToOneElementReadWhereTheyShould() throws {
    for extent in [48, 49] {
      let x = HostTensor([extent], (0..<extent).map { Float($0) })
      #expect(try resized(x, extent: 1, "pytorch_half_pixel").elements() == [0] as [Float])
      #expect(
        try resized(x, extent: 1, "tf_crop_and_resize", region: [0, 1]).elements()
          == [Float(extent - 1) / 2])
      #expect(
        try resized(x, extent: 1, mode: "cubic", "pytorch_half_pixel").elements() == [0] as [Float])
    }
  }

  /// PyTorch 2.13's numbers.
  @Test func cubicsBringBackEachPixel() throws {
    let x = HostTensor([1, 1, 3, 3], (0..<9).map { Float($0 * $0) })
    let grid = HostTensor([1, 1, 3, 2], [-1.4, 0, 0, 1.3, 1.6, -1.7] as [Float])
    let y: [Float] = try run(
      "GridSample", x, [grid],
      [
        OnnxAttribute("mode", "cubic"), OnnxAttribute("padding_mode", "border"),
        OnnxAttribute("align_corners", 1),
      ], opset: 20
    ).elements()
    for (found, expected) in zip(y, [8.244, 52.638, 3.203] as [Float]) {
      #expect(abs(found - expected) < 1e-3, "\(y)")
    }
  }

  @Test(arguments: ["...ij,...jk->...ik", "bij,bjk->bik"])
  func equationsBroadcastExtentsOfOne(equation: String) throws {
    let a = HostTensor([1, 2, 3], (0..<6).map { Float($0) })
    let b = HostTensor([2, 3, 1], [1, 0, 2, -1, 3, 1] as [Float])
    let y = try run("Einsum", a, [b], [OnnxAttribute("equation", equation)])
    #expect(y.shape == [2, 2, 1])
    #expect(y.elements() == [4, 13, 5, 14] as [Float])
  }

  /// The axis is summed although one operand has a single element along it.
  @Test func equationsSumBroadcastAxes() throws {
    let a = HostTensor([2, 3], (0..<6).map { Float($0) })
    let b = HostTensor([2, 1], [1, 10] as [Float])
    let y = try run("Einsum", a, [b], [OnnxAttribute("equation", "ij,ij->i")])
    #expect(y.elements() == [3, 120] as [Float])
  }

  /// What draws randomly is exported and imported again: the same bits.
  @Test func drawsSurviveAnExport() throws {
    var b = GraphBuilder(name: "draws")
    let key = b.input("key", TensorType(.key, [2]))
    let x = b.input("x", TensorType([2, 7]))
    let noise = b.uniform(key, [2, 7], low: -0.3, high: 2)
    let (y, bits) = (b.add(x, noise), b.bits(key, [2, 5]))
    let graph = b.finish(outputs: [
      GraphOutput(value: y, name: "y"), GraphOutput(value: bits, name: "bits"),
    ])
    let ones = HostTensor([2, 7], [Float](repeating: 1, count: 14))
    let keys = [Key(7, 1), Key(0, 8)]
    let expected = try Interpreter().run(
      graph, inputs: ["key": HostTensor([2], keys), "x": ones]
    ).outputs
    let model = try OnnxModel(decoding: try OnnxExport().model(graph).protobuf)
    let words = HostTensor([2, 2], keys.flatMap { [$0.first, $0.second] })
    let found = try ImportModels.run(model, ["key": words, "x": ones])
    #expect(found["y"]!.bytes == expected["y"]!.bytes)
    #expect(found["bits"]!.bytes == expected["bits"]!.bytes)
  }

  @Test func theLeastIntegerIsWritten() throws {
    let model = ImportModels.model(
      [
        OnnxNode("Cast", inputs: ["x"], outputs: ["i"], attributes: [OnnxAttribute("to", 7)]),
        OnnxNode("Max", inputs: ["i", "least"], outputs: ["y"]),
      ], weights: [("least", HostTensor(Int64.min))])
    let imported = try OnnxImport(model, path: "m.onnx")
    let written = try TestDefinition(text: DefinitionPrinter(imported.graph).text).graph()
    let x = HostTensor([2, 3], [1, -2, 3, -4, 5, -6] as [Float])
    let y = try Interpreter().run(written, inputs: ["x": x]).outputs["y"]!
    #expect(y.elements() == [1, -2, 3, -4, 5, -6] as [Int64])
  }

  @Test func namesOfInputsAreTheGraphs() throws {
    let model = ImportModels.model(
      [OnnxNode("Add", inputs: ["a.b", "a_b"], outputs: ["y"])],
      inputs: [("a.b", ["n"]), ("a_b", ["m"])])
    let one = HostTensor([2], [1, 2] as [Float])
    let other = HostTensor([2], [10, 20] as [Float])
    let y = try ImportModels.run(model, ["a_b": one, "a_b_1": other])["y"]!
    #expect(y.elements() == [11, 22] as [Float])
  }

  @Test func summariesLookIntoGraphsAndFunctions() throws {
    var branch = OnnxGraph()
    branch.nodes = [OnnxNode("NonMaxSuppression", inputs: ["x"], outputs: ["r"])]
    branch.outputs = [OnnxValue("r", ImportModels.type([]))]
    var function = OnnxFunction()
    function.name = "F"
    function.domain = "local"
    function.nodes = [OnnxNode("StringNormalizer", inputs: [], outputs: ["b"])]
    var model = ImportModels.model([
      OnnxNode("Relu", domain: "ai.onnx", inputs: ["x"], outputs: ["h"]),
      OnnxNode(
        "If", inputs: ["c"], outputs: ["y"], attributes: [OnnxAttribute("then_branch", branch)]),
    ])
    model.functions = [function]
    let folder = try TemporaryFolder()
    try AtomicFile.write(model.protobuf, to: folder.path + "/m.onnx")
    let text = try OnnxSummary(path: folder.path + "/m.onnx").text
    #expect(text.contains("  Relu 1\n"))
    #expect(text.contains("  NonMaxSuppression 1  not imported"))
    #expect(text.contains("  StringNormalizer 1  not imported"))
  }
}
