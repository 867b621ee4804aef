import RetortFormats
import RetortTestSupport

/// Changes to a message of Protocol Buffers that leave its lengths right, so that they get as far
/// as what the message means: fields lost, doubled, moved or taken from elsewhere, other values.
struct ProtobufMutation: Sendable {
  private struct Field {
    let number: Int
    var value: Value
  }

  private indirect enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes([UInt8])
    case message([Field])
  }

  private let words: [[UInt8]]
  private let bytesMutation: Mutation

  init(words: [String]) {
    self.words = words.map { Array($0.utf8) }
    bytesMutation = Mutation(words: words)
  }

  @Sendable func callAsFunction(
    _ bytes: [UInt8], _ other: [UInt8], _ generator: inout SeededGenerator
  ) -> [UInt8] {
    guard var fields = Self.fields(bytes[...], depth: 0) else { return bytes }
    let donors = Self.fields(other[...], depth: 0) ?? []
    repeat {
      change(&fields, donors, &generator)
    } while Int.random(in: 0..<3, using: &generator) == 0
    return Self.encoded(fields)
  }

  // MARK: the tree

  /// Bytes as a message, if they can be one.
  private static func fields(_ bytes: ArraySlice<UInt8>, depth: Int) -> [Field]? {
    guard depth < 60 else { return nil }
    var reader = ProtobufReader(bytes)
    var fields: [Field] = []
    do {
      while let (number, value) = try reader.next() {
        fields.append(Field(number: number, value: node(value, depth)))
      }
    } catch { return nil }
    return fields
  }

  private static func node(_ value: ProtobufValue, _ depth: Int) -> Value {
    switch value {
    case .varint(let value): .varint(value)
    case .fixed64(let value): .fixed64(value)
    case .fixed32(let value): .fixed32(value)
    case .bytes(let bytes):
      // A text may look like a message; either kind of change is welcome there.
      if !bytes.isEmpty, let inner = fields(bytes, depth: depth + 1) {
        .message(inner)
      } else {
        .bytes(Array(bytes))
      }
    }
  }

  private static func encoded(_ fields: [Field]) -> [UInt8] {
    var writer = ProtobufWriter()
    for field in fields {
      switch field.value {
      case .varint(let value): writer.integer(Int64(bitPattern: value), field.number)
      case .fixed64(let value): writer.fixed64(value, field.number)
      case .fixed32(let value): writer.fixed32(value, field.number)
      case .bytes(let bytes): writer.bytes(bytes, field.number)
      case .message(let inner): writer.bytes(encoded(inner), field.number)
      }
    }
    return writer.bytes
  }

  /// A field from anywhere in a tree.
  private static func field(
    of fields: [Field], _ generator: inout SeededGenerator
  ) -> Field? {
    guard let field = fields.randomElement(using: &generator) else { return nil }
    if case .message(let inner) = field.value, Int.random(in: 0..<4, using: &generator) > 0 {
      return Self.field(of: inner, &generator) ?? field
    }
    return field
  }

  // MARK: changes

  private func change(
    _ fields: inout [Field], _ donors: [Field], _ generator: inout SeededGenerator
  ) {
    guard !fields.isEmpty else { return }
    let index = Int.random(in: 0..<fields.count, using: &generator)
    if case .message(var inner) = fields[index].value, !inner.isEmpty,
      Int.random(in: 0..<6, using: &generator) > 0
    {
      change(&inner, donors, &generator)
      fields[index].value = .message(inner)
      return
    }
    switch Int.random(in: 0..<8, using: &generator) {
    case 0: fields.remove(at: index)
    case 1: fields.insert(fields[index], at: index)
    case 2: fields.swapAt(index, Int.random(in: 0..<fields.count, using: &generator))
    case 3:
      let source = Bool.random(using: &generator) ? fields : donors
      if let other = Self.field(of: source, &generator) {
        fields[index] = Field(number: fields[index].number, value: other.value)
      }
    case 4:
      if let other = Self.field(of: donors, &generator) { fields.insert(other, at: index) }
    default: alter(&fields[index].value, &generator)
    }
  }

  private func alter(_ value: inout Value, _ generator: inout SeededGenerator) {
    let telling = Mutation.tellingIntegers.randomElement(using: &generator)!
    switch value {
    case .varint(let old):
      let near = old &+ UInt64(bitPattern: Int64.random(in: -3...3, using: &generator))
      value = .varint(Bool.random(using: &generator) ? near : telling)
    case .fixed64: value = .fixed64(telling)
    case .fixed32: value = .fixed32(UInt32(truncatingIfNeeded: telling))
    case .bytes(let bytes):
      let word = words.randomElement(using: &generator) ?? []
      let isWord = Bool.random(using: &generator)
      value = .bytes(isWord ? word : bytesMutation(bytes, word, &generator))
    case .message(let inner):
      value = .bytes(bytesMutation(Self.encoded(inner), [], &generator))
    }
  }
}
