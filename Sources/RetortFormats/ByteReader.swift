/// A cursor over a stretch of bytes that never reads past its end.
package struct ByteReader: Sendable {
  package let bytes: [UInt8]
  package private(set) var position: Int
  package let end: Int

  /// Reads `range` of the bytes, by default all. The range must lie within them.
  package init(_ bytes: [UInt8], _ range: Range<Int>? = nil) {
    let range = range ?? 0..<bytes.count
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "range past the bytes")
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  package init(_ slice: ArraySlice<UInt8>) { self.init(Array(slice)) }

  package var remaining: Int { end - position }
  package var isAtEnd: Bool { position == end }

  /// The range of the next `count` bytes, which are passed over.
  package mutating func range(_ count: Int, of what: String) throws(FormatError) -> Range<Int> {
    guard count >= 0, count <= remaining else {
      throw FormatError("\(what) needs \(count) bytes, but \(remaining) are left")
    }
    position += count
    return position - count..<position
  }

  package mutating func slice(_ count: Int, of what: String) throws(FormatError)
    -> ArraySlice<UInt8>
  {
    bytes[try range(count, of: what)]
  }

  package mutating func byte(_ what: String) throws(FormatError) -> UInt8 {
    guard position < end else { throw FormatError("the data ends where \(what) should be") }
    position += 1
    return bytes[position - 1]
  }

  package mutating func little<T: FixedWidthInteger>(
    _: T.Type, _ what: String
  ) throws(FormatError) -> T {
    let range = try range(MemoryLayout<T>.size, of: what)
    return bytes[range].reversed().reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
  }

  package mutating func big<T: FixedWidthInteger>(
    _: T.Type, _ what: String
  ) throws(FormatError) -> T {
    let range = try range(MemoryLayout<T>.size, of: what)
    return bytes[range].reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
  }

  /// The next `count` bytes as text, which must be UTF-8.
  package mutating func text(_ count: Int, _ what: String) throws(FormatError) -> String {
    guard let text = String(validating: try slice(count, of: what), as: UTF8.self) else {
      throw FormatError("\(what) is not UTF-8")
    }
    return text
  }

  /// The bytes up to the next line feed, which is passed over.
  package mutating func line(_ what: String) throws(FormatError) -> String {
    guard let feed = bytes[position..<end].firstIndex(of: UInt8(ascii: "\n")) else {
      throw FormatError("\(what) does not end with a line feed")
    }
    let text = try text(feed - position, what)
    position = feed + 1
    return text
  }
}

/// Bytes that are being put together, in either byte order.
package struct ByteWriter: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package var count: Int { bytes.count }

  package mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }
  package mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  package mutating func little<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func big<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }
}
