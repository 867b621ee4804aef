/// A message of Protocol Buffers, described by its fields once: decoding and encoding follow from
/// them. What is not listed is passed over.
///
/// Wire format: <https://protobuf.dev/programming-guides/encoding/>. Of a file of n bytes at most
/// 150 n bytes of memory are used: the smallest field, two bytes, is a message of its own, and a
/// list of messages is copied where it grows. Measured: 88 n, of attributes that hold empty graphs.
package protocol ProtobufMessage: Sendable {
  init()
  static var fields: ProtobufFields<Self> { get }
}

/// A field of a message: its number, and how its value gets into the message and out of it.
package struct ProtobufField<Message>: Sendable {
  let number: Int
  let read: @Sendable (inout Message, ProtobufValue, ProtobufNesting) throws(FormatError) -> Void
  let write: @Sendable (Message, Int, inout ProtobufWriter) -> Void
}

/// The fields of a message, in the order in which they are written.
package struct ProtobufFields<Message>: Sendable, ExpressibleByArrayLiteral {
  let inOrder: [ProtobufField<Message>]
  /// Each field at the place of its number.
  private let byNumber: [ProtobufField<Message>?]

  package init(arrayLiteral fields: ProtobufField<Message>...) {
    inOrder = fields
    var byNumber = [ProtobufField<Message>?](
      repeating: nil, count: 1 + (fields.map(\.number).max() ?? 0))
    for field in fields { byNumber[field.number] = field }
    self.byNumber = byNumber
  }

  subscript(number: Int) -> ProtobufField<Message>? {
    byNumber.indices.contains(number) ? byNumber[number] : nil
  }
}

/// Fields of a message that lie apart, so that a message without them is small.
package protocol ProtobufPart: Sendable {
  init()
}

/// A field's value as the wire has it.
package enum ProtobufValue: Sendable {
  case varint(UInt64)
  case fixed64(UInt64)
  case fixed32(UInt32)
  case bytes(ArraySlice<UInt8>)

  var integer: Int64 {
    get throws(FormatError) {
      guard case .varint(let bits) = self else { throw unexpected("an integer") }
      return Int64(bitPattern: bits)
    }
  }

  var slice: ArraySlice<UInt8> {
    get throws(FormatError) {
      guard case .bytes(let slice) = self else { throw unexpected("bytes") }
      return slice
    }
  }

  var text: String {
    get throws(FormatError) {
      guard let text = String(validating: try slice, as: UTF8.self) else {
        throw FormatError("a text is not UTF-8")
      }
      return text
    }
  }

  func unexpected(_ wanted: String) -> FormatError {
    FormatError("a field that should hold \(wanted) holds something else")
  }
}

/// How deep messages lie in one another.
struct ProtobufNesting: Sendable {
  private static let limit = 64
  private var depth = 0

  var inner: ProtobufNesting {
    get throws(FormatError) {
      guard depth < Self.limit else {
        throw FormatError("messages are nested deeper than the \(Self.limit) levels that are read")
      }
      var inner = self
      inner.depth += 1
      return inner
    }
  }
}

extension ProtobufMessage {
  package init(protobuf bytes: ArraySlice<UInt8>) throws(FormatError) {
    try self.init(protobuf: bytes, ProtobufNesting())
  }

  init(protobuf bytes: ArraySlice<UInt8>, _ nesting: ProtobufNesting) throws(FormatError) {
    self.init()
    var reader = ProtobufReader(bytes)
    if reader.isAtEnd { return }
    let fields = Self.fields
    while let (number, value) = try reader.next() {
      guard let field = fields[number] else { continue }
      do throws(FormatError) {
        try field.read(&self, value, nesting)
      } catch {
        throw error.within(field: number, of: "\(Self.self)")
      }
    }
  }

  package var protobuf: [UInt8] {
    var writer = ProtobufWriter()
    for field in Self.fields.inOrder { field.write(self, field.number, &writer) }
    return writer.bytes
  }
}

// MARK: kinds of fields

extension ProtobufField {
  package typealias Path<Value> = WritableKeyPath<Message, Value> & Sendable

  /// An integer or an enumeration; zero is left out.
  package static func integer(_ number: Int, _ path: Path<Int64>) -> Self {
    Self(number: number) { message, value, _ throws(FormatError) in
      message[keyPath: path] = try value.integer
    } write: { message, number, writer in
      if message[keyPath: path] != 0 { writer.integer(message[keyPath: path], number) }
    }
  }

  /// An integer whose absence means something.
  package static func integer(_ number: Int, _ path: Path<Int64?>) -> Self {
    Self(number: number) { message, value, _ throws(FormatError) in
      message[keyPath: path] = try value.integer
    } write: { message, number, writer in
      if let value = message[keyPath: path] { writer.integer(value, number) }
    }
  }

  package static func float(_ number: Int, _ path: Path<Float?>) -> Self {
    Self(number: number) { message, value, _ throws(FormatError) in
      guard case .fixed32(let bits) = value else { throw value.unexpected("a float") }
      message[keyPath: path] = Float(bitPattern: bits)
    } write: { message, number, writer in
      if let value = message[keyPath: path] { writer.fixed32(value.bitPattern, number) }
    }
  }

  /// A text; the empty one is left out.
  package static func text(_ number: Int, _ path: Path<String>) -> Self {
    Self(number: number) { message, value, _ throws(FormatError) in
      message[keyPath: path] = try value.text
    } write: { message, number, writer in
      let text = message[keyPath: path]
      if !text.isEmpty { writer.bytes(text.utf8, number) }
    }
  }

  package static func text(_ number: Int, _ path: Path<String?>) -> Self {
    Self(number: number) { message, value, _ throws(FormatError) in
      message[keyPath: path] = try value.text
    } write: { message, number, writer in
      if let text = message[keyPath: path] { writer.bytes(text.utf8, number) }
    }
  }

  package static func texts(_ number: Int, _ path: Path<[String]>) -> Self {
    Self(number: number) { message, value, _ throws(FormatError) in
      message[keyPath: path].append(try value.text)
    } write: { message, number, writer in
      for text in message[keyPath: path] { writer.bytes(text.utf8, number) }
    }
  }

  package static func bytes(_ number: Int, _ path: Path<ArraySlice<UInt8>?>) -> Self {
    Self(number: number) { message, value, _ throws(FormatError) in
      message[keyPath: path] = try value.slice
    } write: { message, number, writer in
      if let bytes = message[keyPath: path] { writer.bytes(bytes, number) }
    }
  }

  package static func byteStrings(_ number: Int, _ path: Path<[ArraySlice<UInt8>]>) -> Self {
    Self(number: number) { message, value, _ throws(FormatError) in
      message[keyPath: path].append(try value.slice)
    } write: { message, number, writer in
      for bytes in message[keyPath: path] { writer.bytes(bytes, number) }
    }
  }

  package static func message<Inner: ProtobufMessage>(_ number: Int, _ path: Path<Inner?>) -> Self {
    Self(number: number) { message, value, nesting throws(FormatError) in
      message[keyPath: path] = try Inner(protobuf: try value.slice, try nesting.inner)
    } write: { message, number, writer in
      if let inner = message[keyPath: path] { writer.bytes(inner.protobuf, number) }
    }
  }

  package static func messages<Inner: ProtobufMessage>(
    _ number: Int, _ path: Path<[Inner]>
  ) -> Self {
    Self(number: number) { message, value, nesting throws(FormatError) in
      message[keyPath: path].append(try Inner(protobuf: try value.slice, try nesting.inner))
    } write: { message, number, writer in
      for inner in message[keyPath: path] { writer.bytes(inner.protobuf, number) }
    }
  }

  /// A field of a part that only messages with such a field have.
  package static func part<Part: ProtobufPart>(
    _ path: Path<[Part]>, _ field: ProtobufField<Part>
  ) -> Self {
    Self(number: field.number) { message, value, nesting throws(FormatError) in
      if message[keyPath: path].isEmpty { message[keyPath: path].append(Part()) }
      try field.read(&message[keyPath: path][0], value, nesting)
    } write: { message, number, writer in
      if let part = message[keyPath: path].first { field.write(part, number, &writer) }
    }
  }

  /// Integers, read one by one or packed, written packed.
  package static func integers(_ number: Int, _ path: Path<[Int64]>) -> Self {
    Self(number: number) { message, value, _ throws(FormatError) in
      guard case .bytes(let slice) = value else {
        message[keyPath: path].append(try value.integer)
        return
      }
      var reader = ProtobufReader(slice)
      while !reader.isAtEnd {
        message[keyPath: path].append(Int64(bitPattern: try reader.varint()))
      }
    } write: { message, number, writer in
      let values = message[keyPath: path]
      guard !values.isEmpty else { return }
      var packed = ProtobufWriter()
      for value in values { packed.varint(UInt64(bitPattern: value)) }
      writer.bytes(packed.bytes, number)
    }
  }

  package static func floats(_ number: Int, _ path: Path<[Float]>) -> Self {
    packed(
      number, path, "floats",
      single: { value in if case .fixed32(let bits) = value { Float(bitPattern: bits) } else { nil }
      },
      Float.init(bitPattern:), \.bitPattern)
  }

  package static func doubles(_ number: Int, _ path: Path<[Double]>) -> Self {
    packed(
      number, path, "doubles",
      single: { value in
        if case .fixed64(let bits) = value { Double(bitPattern: bits) } else { nil }
      }, Double.init(bitPattern:), \.bitPattern)
  }

  /// Numbers of fixed width, read one by one or packed, written packed.
  private static func packed<Number, Word: FixedWidthInteger & Sendable>(
    _ number: Int, _ path: Path<[Number]>, _ what: String,
    single: @escaping @Sendable (ProtobufValue) -> Number?,
    _ make: @escaping @Sendable (Word) -> Number, _ word: @escaping @Sendable (Number) -> Word
  ) -> Self {
    Self(number: number) { message, value, _ throws(FormatError) in
      if let one = single(value) {
        message[keyPath: path].append(one)
      } else if case .bytes(let slice) = value {
        message[keyPath: path] += try littleEndian(slice, Word.self).map(make)
      } else {
        throw value.unexpected(what)
      }
    } write: { message, number, writer in
      let values = message[keyPath: path]
      guard !values.isEmpty else { return }
      var packed = ByteWriter()
      for value in values { packed.little(word(value)) }
      writer.bytes(packed.bytes, number)
    }
  }

  private static func littleEndian<Word: FixedWidthInteger>(
    _ slice: ArraySlice<UInt8>, _: Word.Type
  ) throws(FormatError) -> [Word] {
    let width = MemoryLayout<Word>.size
    guard slice.count % width == 0 else {
      throw FormatError("\(slice.count) bytes are no whole number of values of \(width) bytes")
    }
    return slice.withUnsafeBytes { buffer in
      stride(from: 0, to: buffer.count, by: width).map {
        Word(littleEndian: buffer.loadUnaligned(fromByteOffset: $0, as: Word.self))
      }
    }
  }
}

// MARK: the wire

package struct ProtobufReader {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  package init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var isAtEnd: Bool { position == bytes.endIndex }

  /// The next field, or nil at the end.
  package mutating func next() throws(FormatError) -> (number: Int, value: ProtobufValue)? {
    if isAtEnd { return nil }
    let tag = try varint()
    guard let number = Int(exactly: tag >> 3), number > 0, number < 1 << 29 else {
      throw FormatError("a field has the number \(tag >> 3), which no message has")
    }
    switch tag & 7 {
    case 0: return (number, .varint(try varint()))
    case 1: return (number, .fixed64(try word(UInt64.self)))
    case 2:
      let count = try varint()
      guard count <= UInt64(bytes.endIndex - position) else {
        throw FormatError(
          "field \(number) claims \(count) bytes, but \(bytes.endIndex - position) are left")
      }
      position += Int(count)
      return (number, .bytes(bytes[position - Int(count)..<position]))
    case 5: return (number, .fixed32(try word(UInt32.self)))
    default:
      throw FormatError("field \(number) has the wire type \(tag & 7), which is not in use")
    }
  }

  mutating func varint() throws(FormatError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < bytes.endIndex else { throw FormatError("the data ends within a number") }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw FormatError("a number has more than ten bytes")
  }

  private mutating func word<Word: FixedWidthInteger>(_: Word.Type) throws(FormatError) -> Word {
    let width = MemoryLayout<Word>.size
    guard bytes.endIndex - position >= width else {
      throw FormatError("the data ends within a number")
    }
    position += width
    return bytes[position - width..<position].reversed().reduce(0) {
      $0 << 8 | Word(truncatingIfNeeded: $1)
    }
  }
}

package struct ProtobufWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  package mutating func integer(_ value: Int64, _ number: Int) {
    varint(UInt64(number) << 3)
    varint(UInt64(bitPattern: value))
  }

  package mutating func fixed32(_ value: UInt32, _ number: Int) {
    varint(UInt64(number) << 3 | 5)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func fixed64(_ value: UInt64, _ number: Int) {
    varint(UInt64(number) << 3 | 1)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func bytes(_ value: some Collection<UInt8>, _ number: Int) {
    varint(UInt64(number) << 3 | 2)
    varint(UInt64(value.count))
    bytes.append(contentsOf: value)
  }
}
