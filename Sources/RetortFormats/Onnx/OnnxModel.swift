import RetortText

/// An ONNX model as its file holds it: `onnx.proto` of the ONNX project, without training and
/// quantisation. Nothing is checked here but the encoding; `RetortOnnx` gives it meaning.
package struct OnnxModel: ProtobufMessage {
  package var irVersion: Int64 = 0
  package var producerName = ""
  package var producerVersion = ""
  package var documentation = ""
  package var opsets: [OnnxOpset] = []
  package var graph: OnnxGraph?
  package var functions: [OnnxFunction] = []
  package var metadata: [OnnxEntry] = []

  package init() {}

  package static let fields: ProtobufFields<Self> = [
    .integer(1, \.irVersion), .text(2, \.producerName), .text(3, \.producerVersion),
    .text(6, \.documentation), .message(7, \.graph), .messages(8, \.opsets),
    .messages(14, \.metadata), .messages(25, \.functions),
  ]

  /// Larger files are refused: the format itself ends at 2 GiB, weights beyond lie beside it.
  package static let byteLimit = 1 << 31

  /// - Throws: a file that cannot be read, or whose bytes are no model.
  package init(reading path: String) throws(Diagnostics) {
    let bytes = try InputFile.read(path, limit: Self.byteLimit)
    self = try naming(path) { () throws(FormatError) in try OnnxModel(decoding: bytes) }
  }

  /// - Throws: bytes that are no message, or a message without a graph.
  package init(decoding bytes: [UInt8]) throws(FormatError) {
    do throws(FormatError) {
      try self.init(protobuf: bytes[...])
    } catch {
      throw FormatError("is no ONNX model: \(error.message)", hint: error.hint)
    }
    guard graph != nil, !opsets.isEmpty else {
      throw FormatError(
        "is no ONNX model: it has no \(graph == nil ? "graph" : "version of the operator set")",
        hint: "export the model again, or check it with onnx.checker")
    }
  }

  /// What the graph must be given: its inputs without those that initializers give a value.
  package var arguments: [OnnxValue] {
    let valued = Set(graph?.initializers.map(\.name) ?? [])
    return graph?.inputs.filter { !valued.contains($0.name) } ?? []
  }
}

/// The version of a set of operators that a model is written in.
package struct OnnxOpset: ProtobufMessage {
  /// Empty for ONNX's own operators.
  package var domain = ""
  package var version: Int64 = 0

  package init() {}
  package init(domain: String = "", version: Int64) {
    self.domain = domain
    self.version = version
  }

  package static let fields: ProtobufFields<Self> = [
    .text(1, \.domain), .integer(2, \.version),
  ]
}

package struct OnnxGraph: ProtobufMessage {
  package var name = ""
  package var nodes: [OnnxNode] = []
  package var initializers: [OnnxTensor] = []
  package var sparseInitializers: [ArraySlice<UInt8>] = []
  package var inputs: [OnnxValue] = []
  package var outputs: [OnnxValue] = []
  package var values: [OnnxValue] = []
  package var documentation = ""

  package init() {}

  package static let fields: ProtobufFields<Self> = [
    .messages(1, \.nodes), .text(2, \.name), .messages(5, \.initializers),
    .text(10, \.documentation), .messages(11, \.inputs), .messages(12, \.outputs),
    .messages(13, \.values), .byteStrings(15, \.sparseInitializers),
  ]
}

/// One operator applied to named values. An empty input name is an input that is left out.
package struct OnnxNode: ProtobufMessage {
  package var name = ""
  package var opType = ""
  package var domain = ""
  package var overload = ""
  package var inputs: [String] = []
  package var outputs: [String] = []
  package var attributes: [OnnxAttribute] = []

  package init() {}
  package init(
    _ opType: String, domain: String = "", name: String = "", inputs: [String],
    outputs: [String], attributes: [OnnxAttribute] = []
  ) {
    self.opType = opType
    self.domain = domain
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
  }

  package static let fields: ProtobufFields<Self> = [
    .texts(1, \.inputs), .texts(2, \.outputs), .text(3, \.name), .text(4, \.opType),
    .messages(5, \.attributes), .text(7, \.domain), .text(8, \.overload),
  ]
}

/// An attribute of a node: exactly one of the values, as `type` says.
package struct OnnxAttribute: ProtobufMessage {
  /// `AttributeProto.AttributeType`.
  package enum Kind: Int64, Sendable {
    case undefined = 0
    case float, integer, text, tensor, graph
    case floats, integers, texts, tensors, graphs
    case sparseTensor, sparseTensors, type, types
  }

  package var name = ""
  package var type: Int64 = 0
  /// Within a function: the name of the function's attribute that stands here.
  package var reference = ""
  /// What it holds, one or none: a file may have millions of attributes that hold nothing.
  private var values: [Values] = []

  private struct Values: ProtobufPart {
    var float: Float?
    var integer: Int64?
    var text: ArraySlice<UInt8>?
    // Arrays of at most one: a graph holds attributes itself, and tensors are large.
    var tensor: [OnnxTensor] = []
    var graph: [OnnxGraph] = []
    var floats: [Float] = []
    var integers: [Int64] = []
    var texts: [ArraySlice<UInt8>] = []
    var tensors: [OnnxTensor] = []
    var graphs: [OnnxGraph] = []
  }

  private subscript<Value>(path: WritableKeyPath<Values, Value>) -> Value {
    get { (values.first ?? Values())[keyPath: path] }
    set {
      if values.isEmpty { values.append(Values()) }
      values[0][keyPath: path] = newValue
    }
  }

  package var float: Float? {
    get { self[\.float] }
    set { self[\.float] = newValue }
  }
  package var integer: Int64? {
    get { self[\.integer] }
    set { self[\.integer] = newValue }
  }
  package var text: ArraySlice<UInt8>? {
    get { self[\.text] }
    set { self[\.text] = newValue }
  }
  package var tensor: OnnxTensor? {
    get { self[\.tensor].last }
    set { self[\.tensor] = newValue.map { [$0] } ?? [] }
  }
  /// At most one.
  package var graph: [OnnxGraph] {
    get { self[\.graph] }
    set { self[\.graph] = newValue }
  }
  package var floats: [Float] {
    get { self[\.floats] }
    set { self[\.floats] = newValue }
  }
  package var integers: [Int64] {
    get { self[\.integers] }
    set { self[\.integers] = newValue }
  }
  package var texts: [ArraySlice<UInt8>] {
    get { self[\.texts] }
    set { self[\.texts] = newValue }
  }
  package var tensors: [OnnxTensor] {
    get { self[\.tensors] }
    set { self[\.tensors] = newValue }
  }
  package var graphs: [OnnxGraph] {
    get { self[\.graphs] }
    set { self[\.graphs] = newValue }
  }

  package init() {}

  private init(_ name: String, _ kind: Kind) {
    self.name = name
    type = kind.rawValue
  }

  package init(_ name: String, _ value: Int64) {
    self.init(name, .integer)
    integer = value
  }

  package init(_ name: String, _ value: Int) { self.init(name, Int64(value)) }

  package init(_ name: String, _ value: Float) {
    self.init(name, .float)
    float = value
  }

  package init(_ name: String, _ value: String) {
    self.init(name, .text)
    text = Array(value.utf8)[...]
  }

  package init(_ name: String, _ values: [Int]) {
    self.init(name, .integers)
    integers = values.map(Int64.init)
  }

  package init(_ name: String, _ value: OnnxTensor) {
    self.init(name, .tensor)
    tensor = value
  }

  package init(_ name: String, _ value: OnnxGraph) {
    self.init(name, .graph)
    graph = [value]
  }

  package static let fields: ProtobufFields<Self> = [
    .text(1, \.name), .part(\.values, .float(2, \.float)),
    .part(\.values, .integer(3, \.integer)), .part(\.values, .bytes(4, \.text)),
    .part(\.values, .messages(5, \.tensor)), .part(\.values, .messages(6, \.graph)),
    .part(\.values, .floats(7, \.floats)), .part(\.values, .integers(8, \.integers)),
    .part(\.values, .byteStrings(9, \.texts)), .part(\.values, .messages(10, \.tensors)),
    .part(\.values, .messages(11, \.graphs)), .integer(20, \.type), .text(21, \.reference),
  ]
}

/// A name, and the type of what it stands for.
package struct OnnxValue: ProtobufMessage {
  package var name = ""
  package var type: OnnxType?

  package init() {}
  package init(_ name: String, _ type: OnnxType) {
    self.name = name
    self.type = type
  }

  package static let fields: ProtobufFields<Self> = [.text(1, \.name), .message(2, \.type)]
}

package struct OnnxType: ProtobufMessage {
  /// Nil for sequences, maps, optional values and sparse tensors.
  package var tensor: OnnxTensorType?

  package init() {}
  package init(_ tensor: OnnxTensorType) { self.tensor = tensor }

  package static let fields: ProtobufFields<Self> = [.message(1, \.tensor)]
}

package struct OnnxTensorType: ProtobufMessage {
  /// `OnnxElement`, or another number of `TensorProto.DataType`.
  package var element: Int64 = 0
  /// Nil where not even the rank is known.
  package var shape: OnnxShape?

  package init() {}

  package static let fields: ProtobufFields<Self> = [
    .integer(1, \.element), .message(2, \.shape),
  ]
}

package struct OnnxShape: ProtobufMessage {
  package var dimensions: [OnnxDimension] = []

  package init() {}

  package static let fields: ProtobufFields<Self> = [.messages(1, \.dimensions)]
}

/// An extent: a number, a name that stands for one, or unknown.
package struct OnnxDimension: ProtobufMessage {
  package var extent: Int64?
  package var symbol: String?

  package init() {}
  package init(_ extent: Int) { self.extent = Int64(extent) }

  package static let fields: ProtobufFields<Self> = [
    .integer(1, \.extent), .text(2, \.symbol),
  ]
}

/// A pair of texts: metadata, or where the bytes of a tensor lie.
package struct OnnxEntry: ProtobufMessage {
  package var key = ""
  package var value = ""

  package init() {}
  package init(_ key: String, _ value: String) {
    self.key = key
    self.value = value
  }

  package static let fields: ProtobufFields<Self> = [.text(1, \.key), .text(2, \.value)]
}

/// An operator that the model defines by others.
package struct OnnxFunction: ProtobufMessage {
  package var name = ""
  package var domain = ""
  package var overload = ""
  package var inputs: [String] = []
  package var outputs: [String] = []
  /// Attributes that every call gives.
  package var attributes: [String] = []
  /// Attributes that a call may leave out, with what stands for them then.
  package var defaults: [OnnxAttribute] = []
  package var nodes: [OnnxNode] = []
  package var opsets: [OnnxOpset] = []

  package init() {}

  package static let fields: ProtobufFields<Self> = [
    .text(1, \.name), .texts(4, \.inputs), .texts(5, \.outputs), .texts(6, \.attributes),
    .messages(7, \.nodes), .messages(9, \.opsets), .text(10, \.domain),
    .messages(11, \.defaults), .text(13, \.overload),
  ]
}
