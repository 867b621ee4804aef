import Testing

@testable import RetortFormats

@Suite("Protocol Buffers and the messages of ONNX")
struct ProtobufTests {
  @Test("a message of the specification's examples decodes: field 1 holds 150")
  func specificationExample() throws {
    // protobuf.dev, "A Simple Message": 08 96 01. Field 1 of a model is its format version.
    let model = try OnnxModel(protobuf: [0x08, 0x96, 0x01][...])
    #expect(model.irVersion == 150)
  }

  @Test("what is written is read back")
  func roundTrip() throws {
    var model = OnnxModel()
    model.irVersion = 8
    model.opsets = [OnnxOpset(version: 18), OnnxOpset(domain: "retort", version: 1)]
    var graph = OnnxGraph()
    graph.name = "g"
    graph.nodes = [
      OnnxNode(
        "Conv", name: "conv", inputs: ["x", "w", ""], outputs: ["y"],
        attributes: [
          OnnxAttribute("pads", [1, 0, -1, 2]), OnnxAttribute("alpha", Float(0.5)),
          OnnxAttribute("mode", "edge"), OnnxAttribute("zero", 0),
        ])
    ]
    graph.initializers = [OnnxTensor("w", .init([2, 3], [1, 2, 3, 4, 5, 6] as [Float]))]
    model.graph = graph
    let back = try OnnxModel(decoding: model.protobuf)
    #expect(back.protobuf == model.protobuf)
    #expect(back.opsets.map(\.version) == [18, 1])
    let node = try #require(back.graph?.nodes.first)
    #expect(node.inputs == ["x", "w", ""])
    #expect(node.attributes[0].integers == [1, 0, -1, 2])
    #expect(node.attributes[1].float == 0.5)
    #expect(node.attributes[2].text.map { Array($0) } == Array("edge".utf8))
    #expect(node.attributes[3].integer == 0)
    let tensor = try #require(back.graph?.initializers.first).hostTensor()
    #expect(tensor.shape == [2, 3])
    #expect(tensor.elements(as: Float.self) == [1, 2, 3, 4, 5, 6])
  }

  @Test(
    "bytes that are no message are refused",
    arguments: [
      ([0x08], "ends within a number"),
      ([0x3a, 0x05, 0x00], "claims 5 bytes, but 1 are left"),
      ([0x0b], "wire type 3"),
      ([0x00, 0x00], "number 0"),
      ([UInt8](repeating: 0xff, count: 11), "more than ten bytes"),
      ([0x3a, 0x00], "version of the operator set"),
      ([0x08, 0x01], "has no graph"),
    ] as [([UInt8], String)])
  func refusals(bytes: [UInt8], fault: String) {
    let error = #expect(throws: FormatError.self) { try OnnxModel(decoding: bytes) }
    #expect(error?.message.contains(fault) == true, "\(error?.message ?? "")")
  }

  @Test("messages within messages end at a stated depth")
  func depth() {
    // Graphs in attributes of nodes of graphs, 40 times: three levels each.
    var bytes: [UInt8] = []
    func wrap(_ number: Int) {
      var writer = ProtobufWriter()
      writer.bytes(bytes, number)
      bytes = writer.bytes
    }
    for _ in 0..<40 {
      wrap(6)
      wrap(5)
      wrap(1)
    }
    wrap(7)
    let error = #expect(throws: FormatError.self) { try OnnxModel(decoding: bytes) }
    #expect(error?.message.contains("nested deeper") == true)
  }

  @Test("a tensor's values are counted, wherever they stand")
  func counts() throws {
    var tensor = OnnxTensor()
    tensor.name = "w"
    tensor.element = OnnxElement.float16.rawValue
    tensor.extents = [2]
    tensor.integers32 = [0x3c00, 0xc000]
    #expect(try tensor.hostTensor().doubles == [1, -2])
    let refused: [([Int64], String)] = [
      ([3], "'w' has 2 values where its shape needs 3"),
      ([-1], "the shape [-1] has a negative extent"),
      (
        [.max, .max],
        "the shape [9223372036854775807, 9223372036854775807] has more elements than can be counted"
      ),
    ]
    for (extents, fault) in refused {
      tensor.extents = extents
      let error = #expect(throws: FormatError.self) { try tensor.hostTensor() }
      #expect(error?.message == fault)
    }
    tensor.element = 8
    let error = #expect(throws: FormatError.self) { try tensor.hostTensor() }
    #expect(error?.message.contains("string") == true)
  }

  @Test("a fault names the innermost field, whatever its own words are")
  func places() {
    // Field 7 of the model is its graph, whose field 2, the name, holds a number here.
    let error = #expect(throws: FormatError.self) {
      try OnnxModel(protobuf: [0x3a, 0x02, 0x10, 0x01][...])
    }
    #expect(
      error?.message == "field 2 of OnnxGraph: a field that should hold bytes holds something else")
  }

  @Test("messages without fields are small, and many of them are read quickly")
  func emptyMessages() throws {
    #expect(MemoryLayout<OnnxAttribute>.size <= 48)
    #expect(MemoryLayout<OnnxTensor>.size <= 80)
    let count = 500_000
    var node = ProtobufWriter()
    for _ in 0..<count { node.bytes([], 5) }
    var graph = ProtobufWriter()
    graph.bytes(node.bytes, 1)
    var model = ProtobufWriter()
    model.bytes(graph.bytes, 7)
    let bytes = model.bytes
    let duration = try ContinuousClock().measure {
      let model = try OnnxModel(protobuf: bytes[...])
      #expect(model.graph?.nodes.first?.attributes.count == count)
    }
    #expect(duration < .seconds(20))
  }

  @Test("values of an attribute come one by one or packed")
  func unpackedIntegers() throws {
    let count = 100_000
    var writer = ProtobufWriter()
    for value in 0..<count { writer.integer(Int64(value), 8) }
    let attribute = try OnnxAttribute(protobuf: writer.bytes[...])
    #expect(attribute.integers.count == count)
    #expect(try OnnxAttribute(protobuf: attribute.protobuf[...]).integers == attribute.integers)
  }
}
