import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

@testable import RetortOnnx

@Suite("Export to ONNX")
struct ExportTests {
  @Test("every operation up to the stage 'simplified' can be exported, no later one")
  func completeness() {
    for group in OpCatalog.standard.groups {
      for op in group.ops {
        let isLowered = group.title == "Lowered contraction"
        #expect(op is any OnnxExportable.Type == !isLowered, "\(op.name)")
      }
    }
  }

  @Test("every sample of every operation becomes a model whose names fit together")
  func samples() throws {
    let cases = try ExportedCase.samples()
    #expect(cases.count > 150)
    for sample in cases {
      let model = try sample.model()
      #expect(nameFaults(model) == [], "\(sample.name)")
      #expect(try OnnxModel(decoding: model.protobuf).protobuf == model.protobuf)
    }
  }

  @Test("loops within loops keep their names apart, written out or not", arguments: [false, true])
  func loops(unrolled: Bool) throws {
    let model = try ExportedGraphs.nestedLoops.model(unrolled: unrolled)
    #expect(nameFaults(model) == [])
    #expect(model.graph!.nodes.contains { $0.opType == "Loop" } == !unrolled)
  }

  @Test("weights that are given are initializers, others inputs, updated ones both")
  func weights() throws {
    var b = GraphBuilder(name: "step")
    let x = b.input("x", TensorType([2]))
    let w = b.input("layer.weight", TensorType([2]), role: .parameter(nil))
    let v = b.input("layer.bias", TensorType([2]), role: .parameter(nil))
    let next = b.add(w, x)
    let y = b.add(next, v)
    let graph = b.finish(outputs: [
      GraphOutput(value: y, name: "y"),
      GraphOutput(value: next, name: "layer.weight", role: .update),
    ])
    let bare = try OnnxExport().model(graph)
    #expect(bare.graph!.inputs.map(\.name) == ["x", "layer.weight", "layer.bias"])
    #expect(bare.graph!.outputs.map(\.name) == ["y", "layer.weight.updated"])
    #expect(nameFaults(bare) == [])
    var export = OnnxExport()
    export.weights = [
      "layer.weight": HostTensor([2], [1, 2] as [Float]),
      "layer.bias": HostTensor([2], [3, 4] as [Float]),
    ]
    let bound = try export.model(graph)
    #expect(bound.graph!.inputs.map(\.name) == ["x", "layer.weight"])
    #expect(bound.graph!.initializers.prefix(2).map(\.name) == ["layer.weight", "layer.bias"])
    #expect(nameFaults(bound) == [])
  }

  @Test("an input that is handed out, and one value under two names, get nodes of their own")
  func outputs() throws {
    var b = GraphBuilder(name: "same")
    let x = b.input("x", TensorType([2]))
    let y = b.neg(x)
    let one = b.fill(1, [2])
    let graph = b.finish(outputs: [
      GraphOutput(value: x, name: "same"), GraphOutput(value: y, name: "first"),
      GraphOutput(value: y, name: "second"), GraphOutput(value: one, name: "ones"),
    ])
    let model = try OnnxExport().model(graph)
    #expect(nameFaults(model) == [])
    #expect(model.graph!.outputs.map(\.name) == ["same", "first", "second", "ones"])
  }

  @Test("a result that is called like an input gets another name")
  func sameNames() throws {
    var b = GraphBuilder(name: "move")
    let x = b.input("x", TensorType([2]))
    let moved = b.add(x, 1)
    let graph = b.finish(outputs: [GraphOutput(value: moved, name: "x")])
    let model = try OnnxExport().model(graph)
    #expect(nameFaults(model) == [])
    #expect(model.graph!.outputs.map(\.name) == ["x.result"])
  }

  @Test("a graph of a later stage is refused with what to do")
  func laterStage() throws {
    var b = GraphBuilder(name: "late")
    let w = b.input("w", TensorType([16, 3, 3, 3]))
    let packed = b.add(PackKernel(), [w])
    let graph = b.finish(outputs: [GraphOutput(value: packed, name: "y")])
    let error = #expect(throws: Diagnostics.self) { try OnnxExport().model(graph) }
    #expect("\(error!)".contains("simplified"))
  }
}

/// Graphs that hold what single operations do not.
enum ExportedGraphs {
  /// Three turns of two turns, with collected values, a value from outside, an argument that is
  /// yielded unchanged and one that is yielded twice.
  static let nestedLoops: ExportedCase = {
    var b = GraphBuilder(name: "nested")
    let x = b.input("x", TensorType([2]))
    let scale = b.input("scale", TensorType([2]))
    let arguments = b.openBlock(arguments: [("i", TensorType(.i32, [])), ("a", TensorType([2]))])
    let inner = b.openBlock(arguments: [("j", TensorType(.i32, [])), ("c", TensorType([2]))])
    let turn = b.convert(b.add(arguments[0], inner[0]), .f32)
    let next = b.add(b.mul(inner[1], scale), turn)
    let innerBlock = b.closeBlock(results: [next, scale, next])
    let loop = b.addAll(
      Repeat(count: 2, first: 5), [arguments[1]], regions: [innerBlock],
      names: ["last", "scales", "all"])
    let half = b.mul(loop[0], 0.5)
    let outerBlock = b.closeBlock(results: [half, loop[2], arguments[1]])
    let results = b.addAll(
      Repeat(count: 3, first: 1), [x], regions: [outerBlock], names: ["end", "traces", "starts"])
    let graph = b.finish(
      outputs: zip(results, ["end", "traces", "starts"]).map { GraphOutput(value: $0, name: $1) })
    return ExportedCase(
      "nested-loops", graph,
      [
        "x": HostTensor([2], [1, -2] as [Float]), "scale": HostTensor([2], [0.5, 1.25] as [Float]),
      ])
  }()

  /// Repeated numbers and rows as operands, alone and together, and where only the whole will do.
  static let broadcasts: ExportedCase = {
    var b = GraphBuilder(name: "broadcasts")
    let x = b.input("x", TensorType([2, 3]))
    let row = b.input("row", TensorType([3]))
    let wide = b.broadcast(row, to: [2, 3])
    let ones = b.fill(1, [2, 3])
    let outputs: [(String, Value)] = [
      ("sum", b.add(Add(), [x, wide])), ("both", b.add(Add(), [ones, wide])),
      ("twice", b.add(Mul(), [ones, ones])), ("whole", b.transpose(wide, [1, 0])),
      ("total", b.sum(wide, axes: [0])), ("column", b.reshape(ones, [3, 2])),
      ("squared", b.square(wide)),
    ]
    return ExportedCase(
      "broadcasts", b.finish(outputs: outputs.map { GraphOutput(value: $1, name: $0) }),
      [
        "x": HostTensor([2, 3], [1, 2, 3, 4, 5, 6] as [Float]),
        "row": HostTensor([3], [7, 8, 9] as [Float]),
      ])
  }()

  /// What is no number, without end, past a range, equal or half way, where operations have to
  /// decide something.
  static let specialValues: ExportedCase = {
    let nan = Float.nan
    let special: [Float] = [
      nan, .infinity, -.infinity, -0.0, 0, 0.5, 1.5, 2.5, -2.5, 3e9, -3e9, 1e19,
    ]
    let others: [Float] = [1, nan, 1, 0, -0.0, 0.5, nan, 2, 2, 1e19, -5, -1e19]
    let ties: [Float] = [2, 7, -7, 7, 0, -7, 2, 2, -1, 7, 0, 1]
    var b = GraphBuilder(name: "special")
    let x = b.input("x", TensorType([12]))
    let y = b.input("y", TensorType([12]))
    let t = b.input("t", TensorType([12]))
    var outputs: [(String, Value)] = [
      ("sign", b.add(Sign(), [x])), ("relu", b.add(Relu(), [x])), ("step", b.add(Step(), [x])),
      ("round", b.add(Round(), [x])), ("floor", b.add(Floor(), [x])),
      ("least", b.add(Minimum(), [x, y])), ("most", b.add(Maximum(), [x, y])),
      ("equal", b.add(Equal(), [x, y])), ("less", b.add(Less(), [x, y])),
      ("argmax", b.add(ArgMax(axis: 0), [t])), ("argmin", b.add(ArgMin(axis: 0), [t])),
      ("sum", b.add(Sum(), [y])),
    ]
    for type in [ElementType.i32, .i64, .u32, .bool] {
      outputs.append(("as \(type)", b.convert(x, type)))
      outputs.append(("wide as \(type)", b.convert(b.convert(y, .f64), type)))
    }
    let top = b.addAll(TopK(k: 5), [t])
    outputs += [("top", top[0]), ("places", top[1])]
    return ExportedCase(
      "special-values", b.finish(outputs: outputs.map { GraphOutput(value: $1, name: $0) }),
      [
        "x": HostTensor([12], special), "y": HostTensor([12], others),
        "t": HostTensor([12], ties),
      ])
  }()
}
