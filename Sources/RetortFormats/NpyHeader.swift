/// The header of an .npy file: a Python dictionary literal with exactly three keys.
///
/// Read by a parser that knows just this form; nothing is evaluated.
struct NpyHeader {
  let type: StoredType
  let isBigEndian: Bool
  let isFortranOrder: Bool
  let extents: [Int]

  private static let letters: [(code: String, type: StoredType)] = [
    ("f8", .float64), ("f4", .float32), ("f2", .float16), ("i8", .int64), ("i4", .int32),
    ("i2", .int16), ("i1", .int8), ("u8", .uint64), ("u4", .uint32), ("u2", .uint16),
    ("u1", .uint8), ("b1", .bool),
  ]

  /// NumPy's description of a type: `<f4`, `|u1`.
  static func description(of type: StoredType) -> String {
    let code = letters.first { $0.type == type }?.code ?? "V"
    return (type.byteCount == 1 ? "|" : "<") + code
  }

  init(_ bytes: ArraySlice<UInt8>) throws(FormatError) {
    var parser = LiteralParser(bytes)
    var description: String?
    var order: Bool?
    var shape: [Int]?
    try parser.expect("{")
    while !parser.accept("}") {
      let key = try parser.string()
      try parser.expect(":")
      switch key {
      case "descr" where description == nil: description = try parser.typeDescription()
      case "fortran_order" where order == nil: order = try parser.boolean()
      case "shape" where shape == nil: shape = try parser.tuple()
      default: throw FormatError("the .npy header has an unexpected key \(quoted(key))")
      }
      if !parser.accept(",") {
        try parser.expect("}")
        break
      }
    }
    try parser.end()
    guard let description, let order, let shape else {
      throw FormatError("the .npy header lacks 'descr', 'fortran_order' or 'shape'")
    }
    (type, isBigEndian) = try Self.type(description)
    isFortranOrder = order
    extents = shape
  }

  private static func type(_ text: String) throws(FormatError) -> (StoredType, Bool) {
    let code = text.dropFirst()
    if let mark = text.first, let match = letters.first(where: { $0.code == code }) {
      switch mark {
      case "<", "=": return (match.type, false)
      case ">": return (match.type, true)
      case "|" where match.type.byteCount == 1: return (match.type, false)
      default: break
      }
    }
    if text.hasSuffix("O") {
      throw FormatError(
        "is an array of Python objects, which is never read",
        hint: "save the numbers themselves, with a numeric dtype")
    }
    throw FormatError(
      "has elements of type \(quoted(text)); float16 to float64, integers and bool are read")
  }
}

/// Reads the few forms of Python literal that an .npy header consists of.
private struct LiteralParser {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }

  private mutating func skipSpaces() {
    while position < bytes.count, [0x20, 0x0A].contains(bytes[position]) { position += 1 }
  }

  private func failure(_ wanted: String) -> FormatError {
    FormatError("the .npy header is not the literal it should be: no \(wanted) at byte \(position)")
  }

  mutating func accept(_ word: String) -> Bool {
    skipSpaces()
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  mutating func expect(_ word: String) throws(FormatError) {
    if !accept(word) { throw failure("'\(word)'") }
  }

  mutating func end() throws(FormatError) {
    skipSpaces()
    if position < bytes.count { throw failure("end") }
  }

  mutating func string() throws(FormatError) -> String {
    skipSpaces()
    guard position < bytes.count, [0x22, 0x27].contains(bytes[position]) else {
      throw failure("string")
    }
    let quote = bytes[position]
    let start = position + 1
    guard let end = bytes[start...].firstIndex(of: quote),
      bytes[start..<end].allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
    else { throw failure("plain string") }
    position = end + 1
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  mutating func typeDescription() throws(FormatError) -> String {
    if accept("[") {
      throw FormatError("is an array of records; arrays of numbers are read")
    }
    return try string()
  }

  mutating func boolean() throws(FormatError) -> Bool {
    if accept("True") { return true }
    try expect("False")
    return false
  }

  /// `()`, `(3,)`, `(3, 4)`; numbers may end in the `L` of Python 2.
  mutating func tuple() throws(FormatError) -> [Int] {
    var numbers: [Int] = []
    try expect("(")
    while !accept(")") {
      if !numbers.isEmpty {
        try expect(",")
        if accept(")") { break }
      }
      numbers.append(try number())
    }
    return numbers
  }

  private mutating func number() throws(FormatError) -> Int {
    skipSpaces()
    let start = position
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    guard let value = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else {
      throw failure("number that fits 64 bits")
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: "L") { position += 1 }
    return value
  }
}
