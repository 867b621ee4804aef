/// A strict reader of JSON: no comments, no trailing commas, no key twice in one object, at most
/// 64 levels deep. A mark of UTF-8 may stand before it, as some editors write one.
package struct JSONParser {
  private static let depthLimit = 64

  private let bytes: [UInt8]
  private var position = 0

  package static func parse(_ bytes: some Sequence<UInt8>) throws(FormatError) -> JSONValue {
    var bytes = Array(bytes)
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw FormatError("is UTF-16, and JSON is UTF-8", hint: "save it as UTF-8")
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    var parser = JSONParser(bytes: bytes)
    let value = try parser.value(depth: 0)
    parser.skipSpaces()
    guard parser.position == parser.bytes.count else { throw parser.failure("more follows") }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func failure(_ fact: String) -> FormatError {
    let before = bytes[..<min(position, bytes.count)]
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return FormatError(
      "is not JSON at line \(line), column \(before.count - start + 1): \(fact)")
  }

  /// What stands at the place, if it is what people write and JSON does not have.
  private var slip: String {
    guard position < bytes.count else { return "" }
    switch bytes[position] {
    case UInt8(ascii: "/"), UInt8(ascii: "#"): return "; JSON has no comments"
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      return "; a comma before a closing bracket is one too many"
    case UInt8(ascii: "'"): return "; texts stand in double quotes"
    default: return ""
    }
  }

  private mutating func skipSpaces() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
      position += 1
    }
  }

  private mutating func accept(_ word: StaticString) -> Bool {
    skipSpaces()
    let count = word.utf8CodeUnitCount
    guard count <= bytes.count - position else { return false }
    for index in 0..<count where bytes[position + index] != word.utf8Start[index] { return false }
    position += count
    return true
  }

  private mutating func value(depth: Int) throws(FormatError) -> JSONValue {
    guard depth <= Self.depthLimit else { throw failure("it is nested too deeply") }
    if accept("{") { return try object(depth: depth) }
    if accept("[") { return try array(depth: depth) }
    if accept("\"") { return .string(try string()) }
    if accept("null") { return .null }
    if accept("true") { return .bool(true) }
    if accept("false") { return .bool(false) }
    return .number(try number())
  }

  private mutating func object(depth: Int) throws(FormatError) -> JSONValue {
    var members: [JSONValue.Member] = []
    var keys = Set<String>()
    if accept("}") { return .object([]) }
    repeat {
      guard accept("\"") else { throw failure("a key is missing\(slip)") }
      let key = try string()
      guard keys.insert(key).inserted else { throw failure("the key \(quoted(key)) comes twice") }
      guard accept(":") else { throw failure("a colon is missing") }
      members.append(JSONValue.Member(key, try value(depth: depth + 1)))
    } while accept(",")
    guard accept("}") else { throw failure("a closing brace is missing") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(FormatError) -> JSONValue {
    var values: [JSONValue] = []
    if accept("]") { return .array([]) }
    repeat { values.append(try value(depth: depth + 1)) } while accept(",")
    guard accept("]") else { throw failure("a closing bracket is missing") }
    return .array(values)
  }

  /// The rest of a string whose opening quote has been read.
  private mutating func string() throws(FormatError) -> String {
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw failure("a string is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): text += Array(String(try escape()).utf8)
      case 0..<0x20: throw failure("a control character in a string")
      default: text.append(byte)
      }
    }
    throw failure("a string does not end")
  }

  private mutating func escape() throws(FormatError) -> Unicode.Scalar {
    guard position < bytes.count else { throw failure("a string does not end") }
    position += 1
    switch bytes[position - 1] {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape()
    default: throw failure("an unknown escape")
    }
  }

  private mutating func unicodeEscape() throws(FormatError) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    // At once: `accept` would pass over blanks.
    guard first < 0xDC00, bytes[position...].starts(with: Array("\\u".utf8)) else {
      throw failure("half a surrogate pair")
    }
    position += 2
    let second = try hexadecimal()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw failure("half a surrogate pair") }
    return scalar
  }

  private mutating func hexadecimal() throws(FormatError) -> UInt32 {
    guard bytes.count - position >= 4 else { throw failure("a string does not end") }
    let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
    guard digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
      throw failure("four hexadecimal digits are missing")
    }
    position += 4
    return value
  }

  private mutating func digits() -> Int {
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    return position - start
  }

  private mutating func number() throws(FormatError) -> String {
    skipSpaces()
    let start = position
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
    let leading = position
    let count = digits()
    guard count == 1 || count > 1 && bytes[leading] != UInt8(ascii: "0") else {
      position = start
      throw failure("no value is here\(slip)")
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      if digits() == 0 { throw failure("digits are missing") }
    }
    if position < bytes.count, [0x45, 0x65].contains(bytes[position]) {
      position += 1
      if position < bytes.count, [0x2B, 0x2D].contains(bytes[position]) { position += 1 }
      if digits() == 0 { throw failure("digits are missing") }
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }
}
