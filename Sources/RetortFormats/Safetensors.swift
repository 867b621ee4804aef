import RetortTensor

/// The safetensors format: the length of a JSON header, the header, and the bytes of the tensors.
///
/// Source: the format's own description in huggingface/safetensors.
package enum Safetensors {
  private static let headerLimit = 100_000_000

  private static let types: [(code: String, type: StoredType)] = [
    ("F64", .float64), ("F32", .float32), ("F16", .float16), ("BF16", .bfloat16), ("I64", .int64),
    ("I32", .int32), ("I16", .int16), ("I8", .int8), ("U64", .uint64), ("U32", .uint32),
    ("U16", .uint16), ("U8", .uint8), ("BOOL", .bool),
  ]

  package static func recognises(_ bytes: [UInt8]) -> Bool {
    bytes.count > 8 && bytes[8] == UInt8(ascii: "{") && bytes[4..<8].allSatisfy { $0 == 0 }
  }

  /// Reads every tensor, in the header's order.
  /// - Throws: unless the header is strict JSON of the known form, and the tensors fill the data
  ///   exactly, without gap or overlap.
  package static func decode(_ bytes: [UInt8]) throws(FormatError) -> [StoredTensor] {
    var reader = ByteReader(bytes)
    let length = try reader.little(UInt64.self, "the header's length")
    guard length <= UInt64(reader.remaining), length <= UInt64(headerLimit) else {
      throw FormatError(
        "claims a header of \(length) bytes, but \(reader.remaining) follow"
          + " (and \(headerLimit) are the limit)")
    }
    let header = try reader.slice(Int(length), of: "the header")
    guard header.first == UInt8(ascii: "{") else {
      throw FormatError("the header does not begin with a brace")
    }
    let json: JSONValue
    do throws(FormatError) { json = try JSONParser.parse(header) } catch {
      throw error.within("the header")
    }
    guard case .object(let members) = json else { throw FormatError("the header is no object") }
    let data = bytes[reader.position...]
    var tensors: [StoredTensor] = []
    var spans: [(range: Range<Int>, name: String)] = []
    for member in members {
      if member.key == reservedName {
        try checkMetadata(member.value)
        continue
      }
      do throws(FormatError) {
        let (type, shape, range) = try Self.entry(member.value, data.count)
        let slice = data[data.startIndex + range.lowerBound..<data.startIndex + range.upperBound]
        tensors.append(StoredTensor(member.key, type, try type.tensor(slice, shape)))
        spans.append((range, member.key))
      } catch {
        throw error.within("tensor \(quoted(member.key))")
      }
    }
    try checkCoverage(spans, data.count)
    return tensors
  }

  private static func checkMetadata(_ value: JSONValue) throws(FormatError) {
    guard case .object(let members) = value, members.allSatisfy({ $0.value.string != nil }) else {
      throw FormatError("'__metadata__' is not an object of strings")
    }
  }

  private static func entry(
    _ value: JSONValue, _ dataCount: Int
  ) throws(FormatError) -> (StoredType, Shape, Range<Int>) {
    guard case .object(let members) = value,
      members.map(\.key).sorted() == ["data_offsets", "dtype", "shape"],
      let dtype = value["dtype"]?.string, let axes = value["shape"]?.array,
      let offsets = value["data_offsets"]?.array
    else { throw FormatError("is not described by just 'dtype', 'shape' and 'data_offsets'") }
    guard let type = types.first(where: { $0.code == dtype })?.type else {
      throw FormatError(
        "has dtype \(quoted(dtype)); read are " + types.map(\.code).joined(separator: ", "))
    }
    let extents = axes.compactMap(\.int)
    let ends = offsets.compactMap(\.int)
    guard extents.count == axes.count else { throw FormatError("its shape is not integers") }
    guard ends.count == 2, offsets.count == 2, ends[0] >= 0, ends[0] <= ends[1] else {
      throw FormatError("its data_offsets are not two ascending integers")
    }
    guard ends[1] <= dataCount else {
      throw FormatError("its data end at byte \(ends[1]), but the file has \(dataCount)")
    }
    return (type, try type.shape(extents), ends[0]..<ends[1])
  }

  /// Memory is bounded by this too: no byte may be given to two tensors.
  private static func checkCoverage(
    _ spans: [(range: Range<Int>, name: String)], _ count: Int
  ) throws(FormatError) {
    var end = 0
    for (range, name) in spans.sorted(by: {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }) {
      guard range.lowerBound >= end else {
        throw FormatError("tensor \(quoted(name)) overlaps another at byte \(range.lowerBound)")
      }
      guard range.lowerBound == end else {
        throw FormatError("bytes \(end) to \(range.lowerBound) of the data belong to no tensor")
      }
      end = range.upperBound
    }
    guard end == count else {
      throw FormatError("the last \(count - end) bytes of the data belong to no tensor")
    }
  }

  /// A file of these tensors in the order given; the data begin at a multiple of eight.
  package static func encode(
    _ tensors: [(name: String, tensor: HostTensor)], metadata: [(key: String, value: String)] = []
  ) -> [UInt8] {
    encode(tensors.map { StoredBytes($0.name, $0.tensor) }, metadata: metadata)
  }

  /// The name that the header keeps for itself.
  static let reservedName = "__metadata__"

  static func encode(
    _ tensors: [StoredBytes], metadata: [(key: String, value: String)] = []
  ) -> [UInt8] {
    var members: [JSONValue.Member] = []
    if !metadata.isEmpty {
      let entries = metadata.map { JSONValue.Member($0.key, .string($0.value)) }
      members.append(JSONValue.Member(reservedName, .object(entries)))
    }
    var offset = 0
    for tensor in tensors {
      let code = types.first { $0.type == tensor.type }?.code ?? ""
      let end = offset + tensor.bytes.count
      members.append(
        JSONValue.Member(
          tensor.name,
          .object([
            "dtype": .string(code),
            "shape": .array(tensor.shape.extents.map(JSONValue.number)),
            "data_offsets": .array([.number(offset), .number(end)]),
          ])))
      offset = end
    }
    var header = Array(JSONValue.object(members).text.utf8)
    while header.count % 8 != 0 { header.append(0x20) }
    var writer = ByteWriter()
    writer.little(UInt64(header.count))
    writer.append(header)
    for tensor in tensors { writer.append(tensor.bytes) }
    return writer.bytes
  }
}
