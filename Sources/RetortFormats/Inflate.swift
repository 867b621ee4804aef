/// Unpacks DEFLATE data. Source: RFC 1951.
struct Inflate {
  private let input: [UInt8]
  private let end: Int
  private var position: Int
  private var bits: UInt64 = 0
  private var bitCount = 0
  private let limit: Int
  private var output: [UInt8] = []

  /// Unpacks the data in `range`.
  ///
  /// - Returns: the bytes, and the offset after the last byte of the packed data.
  /// - Throws: when the data are damaged or end early, or give more than `limit` bytes.
  ///   Memory is bounded by `limit` and grows with what really comes out.
  static func inflate(
    _ input: [UInt8], _ range: Range<Int>, limit: Int
  ) throws(FormatError) -> (bytes: [UInt8], end: Int) {
    var inflate = Inflate(input, range, limit)
    var isLast = false
    while !isLast { isLast = try inflate.block() }
    return (inflate.output, inflate.position - inflate.bitCount / 8)
  }

  /// The most bytes that packed data of this size can stand for: a match of 258 bytes takes at
  /// least two bits.
  static func mostBytes(from packed: Int) -> Int { (packed.times(1032) ?? .max).plus(64) ?? .max }

  private init(_ input: [UInt8], _ range: Range<Int>, _ limit: Int) {
    self.input = input
    end = range.upperBound
    position = range.lowerBound
    self.limit = limit
    output.reserveCapacity(min(limit, Self.mostBytes(from: range.count)))
  }

  /// Makes at least 48 bits available, fewer at the end of the input.
  @inline(__always)
  private mutating func refill() {
    while bitCount <= 48, position < end {
      bits |= UInt64(input[position]) << UInt64(bitCount)
      position += 1
      bitCount += 8
    }
  }

  private mutating func take(_ count: Int) throws(FormatError) -> Int {
    if bitCount < count { refill() }
    guard bitCount >= count else { throw FormatError("the compressed data end early") }
    let value = Int(bits & (1 << UInt64(count) - 1))
    bits >>= UInt64(count)
    bitCount -= count
    return value
  }

  private mutating func symbol(_ code: HuffmanCode) throws(FormatError) -> Int {
    if bitCount < 15 { refill() }
    let entry = Int(code.root[Int(bits & UInt64(1 << HuffmanCode.rootBits - 1))])
    let length = entry & 15
    if length > 0, length <= bitCount {
      bits >>= UInt64(length)
      bitCount -= length
      return entry >> 4
    }
    return try longSymbol(code)
  }

  /// Follows a code bit by bit: codes longer than the table, and the last ones of the input.
  private mutating func longSymbol(_ code: HuffmanCode) throws(FormatError) -> Int {
    var (value, first, index) = (0, 0, 0)
    for length in 1...15 {
      value |= try take(1)
      let count = code.counts[length]
      if value - first < count { return Int(code.symbols[index + value - first]) }
      index += count
      first = (first + count) << 1
      value <<= 1
    }
    throw FormatError("the compressed data hold a code that stands for nothing")
  }

  /// Unpacks one block; true after the last.
  private mutating func block() throws(FormatError) -> Bool {
    let isLast = try take(1) == 1
    switch try take(2) {
    case 0: try stored()
    case 1: try compressed(Self.fixedLiterals.get(), Self.fixedDistances.get())
    case 2:
      let (literals, distances) = try codes()
      try compressed(literals, distances)
    default: throw FormatError("the compressed data hold a block of an unknown kind")
    }
    return isLast
  }

  private mutating func stored() throws(FormatError) {
    _ = try take(bitCount % 8)
    let count = try take(16)
    let complement = try take(16)
    guard count == complement ^ 0xFFFF else {
      throw FormatError("a stored block's length disagrees with its complement")
    }
    let start = position - bitCount / 8
    (position, bits, bitCount) = (start, 0, 0)
    guard count <= end - start else { throw FormatError("the compressed data end early") }
    guard count <= limit - output.count else { throw tooMuch() }
    output += input[start..<start + count]
    position = start + count
  }

  private func tooMuch() -> FormatError {
    FormatError("the compressed data unpack to more than \(limit) bytes")
  }

  private static let fixedLiterals = Result<HuffmanCode, FormatError> { () throws(FormatError) in
    let lengths =
      [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112)
      + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8)
    return try HuffmanCode(lengths: lengths[...], "literals")
  }

  private static let fixedDistances = Result<HuffmanCode, FormatError> { () throws(FormatError) in
    try HuffmanCode(lengths: [UInt8](repeating: 5, count: 32)[...], "distances")
  }

  /// The order in which the lengths of the code for code lengths are given.
  static let lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  private mutating func codes() throws(FormatError) -> (HuffmanCode, HuffmanCode) {
    let literalCount = try take(5) + 257
    let distanceCount = try take(5) + 1
    guard literalCount <= 286, distanceCount <= 30 else {
      throw FormatError("a block declares more codes than there are symbols")
    }
    var orderLengths = [UInt8](repeating: 0, count: 19)
    for index in 0..<(try take(4) + 4) {
      orderLengths[Self.lengthOrder[index]] = UInt8(try take(3))
    }
    let order = try HuffmanCode(lengths: orderLengths[...], "code lengths")
    var lengths: [UInt8] = []
    while lengths.count < literalCount + distanceCount {
      let symbol = try symbol(order)
      if symbol < 16 {
        lengths.append(UInt8(symbol))
        continue
      }
      if symbol == 16, lengths.isEmpty {
        throw FormatError("a block repeats a code length before the first")
      }
      let value = symbol == 16 ? lengths.last ?? 0 : 0
      let count = symbol == 16 ? try take(2) + 3 : symbol == 17 ? try take(3) + 3 : try take(7) + 11
      guard lengths.count + count <= literalCount + distanceCount else {
        throw FormatError("a block repeats code lengths past the last")
      }
      lengths += repeatElement(value, count: count)
    }
    guard lengths[256] > 0 else { throw FormatError("a block has no code for its end") }
    return (
      try HuffmanCode(lengths: lengths[..<literalCount], "literals"),
      try HuffmanCode(lengths: lengths[literalCount...], "distances")
    )
  }

  static let lengthBases = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
  ]
  static let lengthExtras = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  static let distanceBases = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
    3073, 4097, 6145, 8193, 12289, 16385, 24577,
  ]
  static let distanceExtras = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
    13,
  ]

  private mutating func compressed(
    _ literals: HuffmanCode, _ distances: HuffmanCode
  ) throws(FormatError) {
    while true {
      let symbol = try symbol(literals)
      if symbol < 256 {
        guard output.count < limit else { throw tooMuch() }
        output.append(UInt8(symbol))
        continue
      }
      if symbol == 256 { return }
      guard symbol <= 285 else { throw FormatError("the compressed data hold an unknown length") }
      let count = try Self.lengthBases[symbol - 257] + take(Self.lengthExtras[symbol - 257])
      let code = try self.symbol(distances)
      guard code < 30 else { throw FormatError("the compressed data hold an unknown distance") }
      let distance = try Self.distanceBases[code] + take(Self.distanceExtras[code])
      guard distance <= output.count else {
        throw FormatError("the compressed data refer to bytes before the first")
      }
      guard count <= limit - output.count else { throw tooMuch() }
      let start = output.count - distance
      // Byte by byte: a match may overlap itself, and a slice of the output would make appending
      // copy all of it.
      for index in start..<start + count { output.append(output[index]) }
    }
  }
}
