import RetortTensor

/// A tensor of an ONNX file: `TensorProto`.
package struct OnnxTensor: ProtobufMessage {
  package var name = ""
  package var extents: [Int64] = []
  package var element: Int64 = 0
  /// Little-endian elements in row-major order; else they stand in one of the lists.
  package var raw: ArraySlice<UInt8>?
  /// The lists, once or never: few tensors have any.
  private var lists: [Lists] = []

  private struct Lists: ProtobufPart {
    var floats: [Float] = []
    var integers32: [Int64] = []
    var integers64: [Int64] = []
    var doubles: [Double] = []
    var unsigned64: [Int64] = []
    var external: [OnnxEntry] = []
  }

  private subscript<Value>(path: WritableKeyPath<Lists, Value>) -> Value {
    get { (lists.first ?? Lists())[keyPath: path] }
    set {
      if lists.isEmpty { lists.append(Lists()) }
      lists[0][keyPath: path] = newValue
    }
  }

  package var floats: [Float] {
    get { self[\.floats] }
    set { self[\.floats] = newValue }
  }
  package var integers32: [Int64] {
    get { self[\.integers32] }
    set { self[\.integers32] = newValue }
  }
  package var integers64: [Int64] {
    get { self[\.integers64] }
    set { self[\.integers64] = newValue }
  }
  package var doubles: [Double] {
    get { self[\.doubles] }
    set { self[\.doubles] = newValue }
  }
  package var unsigned64: [Int64] {
    get { self[\.unsigned64] }
    set { self[\.unsigned64] = newValue }
  }
  /// Where the bytes lie when they lie in another file: `location`, `offset`, `length`.
  package var external: [OnnxEntry] {
    get { self[\.external] }
    set { self[\.external] = newValue }
  }
  /// 1 where they do.
  package var location: Int64 = 0

  package init() {}

  package static let fields: ProtobufFields<Self> = [
    .integers(1, \.extents), .integer(2, \.element), .part(\.lists, .floats(4, \.floats)),
    .part(\.lists, .integers(5, \.integers32)), .part(\.lists, .integers(7, \.integers64)),
    .text(8, \.name), .bytes(9, \.raw), .part(\.lists, .doubles(10, \.doubles)),
    .part(\.lists, .integers(11, \.unsigned64)), .part(\.lists, .messages(13, \.external)),
    .integer(14, \.location),
  ]

  /// A tensor with its bytes in the message.
  package init(_ name: String, _ tensor: HostTensor) {
    let stored = StoredBytes(name, tensor)
    self.name = name
    extents = stored.shape.extents.map(Int64.init)
    element = OnnxElement(stored.type).rawValue
    raw = stored.bytes[...]
  }

  package var isExternal: Bool { location == 1 }

  /// The values, in the file's type where `ElementType` has it, else widened without loss.
  ///
  /// - Parameter elsewhere: the bytes of a tensor that lies in another file.
  /// - Throws: for a type that is not read, and where bytes and shape do not fit each other.
  package func hostTensor(
    elsewhere: (OnnxTensor) throws(FormatError) -> ArraySlice<UInt8>
  ) throws(FormatError) -> HostTensor {
    let type = try OnnxElement.stored(element)
    let shape = try type.shape(extents.map { Int(clamping: $0) })
    if isExternal { return try type.tensor(try elsewhere(self), shape) }
    if let raw { return try type.tensor(raw, shape) }
    return try type.tensor(try listedBytes(type, shape.elementCount)[...], shape)
  }

  /// The same of a tensor whose bytes must be in the message.
  package func hostTensor() throws(FormatError) -> HostTensor {
    try hostTensor { tensor throws(FormatError) in
      throw FormatError("\(quoted(tensor.name)) lies in another file, where none may be used")
    }
  }

  /// The elements' bytes from the list that the type has its values in.
  private func listedBytes(_ type: StoredType, _ count: Int) throws(FormatError) -> [UInt8] {
    var writer = ByteWriter()
    func check(_ found: Int) throws(FormatError) {
      guard found == count else {
        throw FormatError("\(quoted(name)) has \(found) values where its shape needs \(count)")
      }
    }
    switch type {
    case .float32:
      try check(floats.count)
      floats.forEach { writer.little($0.bitPattern) }
    case .float64:
      try check(doubles.count)
      doubles.forEach { writer.little($0.bitPattern) }
    case .int64:
      try check(integers64.count)
      integers64.forEach { writer.little($0) }
    case .uint64:
      try check(unsigned64.count)
      unsigned64.forEach { writer.little($0) }
    case .uint32:
      try check(unsigned64.count)
      unsigned64.forEach { writer.little(UInt32(truncatingIfNeeded: $0)) }
    case .int32:
      try check(integers32.count)
      integers32.forEach { writer.little(Int32(truncatingIfNeeded: $0)) }
    case .int16, .uint16, .float16, .bfloat16:
      try check(integers32.count)
      integers32.forEach { writer.little(UInt16(truncatingIfNeeded: $0)) }
    case .int8, .uint8, .bool:
      try check(integers32.count)
      integers32.forEach { writer.little(UInt8(truncatingIfNeeded: $0)) }
    }
    return writer.bytes
  }
}

/// Element types by their numbers in `TensorProto.DataType`.
package enum OnnxElement: Int64, Sendable, CaseIterable {
  case float32 = 1
  case uint8, int8, uint16, int16, int32, int64
  case bool = 9
  case float16, float64, uint32, uint64
  case bfloat16 = 16

  init(_ type: StoredType) {
    switch type {
    case .float64: self = .float64
    case .float32: self = .float32
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    case .int64: self = .int64
    case .int32: self = .int32
    case .int16: self = .int16
    case .int8: self = .int8
    case .uint64: self = .uint64
    case .uint32: self = .uint32
    case .uint16: self = .uint16
    case .uint8: self = .uint8
    case .bool: self = .bool
    }
  }

  var stored: StoredType { Self.storedTypes[self]! }

  private static let storedTypes = Dictionary(
    uniqueKeysWithValues: StoredType.allCases.map { (OnnxElement($0), $0) })

  /// What values of the type become in memory.
  package var element: ElementType { stored.element }

  /// The number under which values of an element type are written.
  package init(_ element: ElementType) { self.init(StoredType(element)) }

  /// - Throws: for a number that is not read.
  package init(number: Int64) throws(FormatError) {
    guard let element = OnnxElement(rawValue: number) else {
      let name = Self.others[number] ?? "number \(number)"
      throw FormatError(
        "holds elements of the type \(name), which Retort does not have",
        hint: "export the model with float32 values")
    }
    self = element
  }

  static func stored(_ number: Int64) throws(FormatError) -> StoredType {
    try OnnxElement(number: number).stored
  }

  /// Types that are known by name but not read.
  private static let others: [Int64: String] = [
    0: "undefined", 8: "string", 14: "complex64", 15: "complex128", 17: "float8e4m3fn",
    18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4",
    23: "float4e2m1",
  ]
}
