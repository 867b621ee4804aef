/// The directory at the end of a ZIP archive.
enum ZipDirectory {
  private struct Location {
    var count: Int
    var range: Range<Int>
  }

  static func entries(_ bytes: [UInt8]) throws(FormatError) -> [Zip.Entry] {
    let location = try locate(bytes)
    var reader = ByteReader(bytes, location.range)
    guard location.count <= reader.remaining / 46 else {
      throw FormatError("the archive's directory is too short for \(location.count) entries")
    }
    var entries: [Zip.Entry] = []
    // Where each entry begins and ends, to see that none share bytes.
    var spans: [Range<Int>] = []
    for _ in 0..<location.count {
      let record = try Record(&reader)
      let data = try dataRange(of: record, bytes, before: location.range.lowerBound)
      spans.append(record.offset..<data.upperBound)
      entries.append(
        Zip.Entry(
          name: record.name, byteCount: record.byteCount, isDeflated: record.method == 8,
          crc: record.crc, data: data))
    }
    guard reader.isAtEnd else {
      throw FormatError("the archive's directory is longer than its entries")
    }
    spans.sort { $0.lowerBound < $1.lowerBound }
    for (span, next) in zip(spans, spans.dropFirst()) where next.lowerBound < span.upperBound {
      throw FormatError("two entries of the archive overlap at byte \(next.lowerBound)")
    }
    return entries
  }

  /// Finds the end record and, where it refers to one, the ZIP64 end record.
  private static func locate(_ bytes: [UInt8]) throws(FormatError) -> Location {
    let signature: [UInt8] = [0x50, 0x4B, 5, 6]
    let first = max(0, bytes.count - 22 - 0xFFFF)
    for start in stride(from: bytes.count - 22, through: first, by: -1)
    where bytes[start] == 0x50 && bytes[start..<start + 4].elementsEqual(signature) {
      let comment = Int(bytes[start + 20]) | Int(bytes[start + 21]) << 8
      if start + 22 + comment == bytes.count { return try location(bytes, endRecord: start) }
    }
    throw FormatError("is not a whole ZIP archive: the record at its end is missing")
  }

  private static func location(
    _ bytes: [UInt8], endRecord: Int
  ) throws(FormatError) -> Location {
    var reader = ByteReader(bytes, endRecord + 4..<bytes.count)
    let disk = try reader.little(UInt16.self, "the end record")
    let firstDisk = try reader.little(UInt16.self, "the end record")
    let countHere = try reader.little(UInt16.self, "the end record")
    let count = try reader.little(UInt16.self, "the end record")
    let size = try reader.little(UInt32.self, "the end record")
    let offset = try reader.little(UInt32.self, "the end record")
    guard disk == 0 || disk == 0xFFFF, firstDisk == disk, countHere == count else {
      throw FormatError("is one part of a split ZIP archive, which is not read")
    }
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
      return try location64(bytes, endRecord: endRecord)
    }
    return Location(
      count: Int(count), range: try range(UInt64(offset), UInt64(size), before: endRecord))
  }

  private static func location64(
    _ bytes: [UInt8], endRecord: Int
  ) throws(FormatError) -> Location {
    guard endRecord >= 20 else { throw FormatError("the archive's ZIP64 locator is missing") }
    var locator = ByteReader(bytes, endRecord - 20..<endRecord)
    guard try locator.little(UInt32.self, "the ZIP64 locator") == 0x0706_4B50 else {
      throw FormatError("the archive's ZIP64 locator is missing")
    }
    _ = try locator.little(UInt32.self, "the ZIP64 locator")
    let place = try locator.little(UInt64.self, "the ZIP64 locator")
    guard place <= UInt64(endRecord - 20) else {
      throw FormatError("the archive's ZIP64 record lies past the end of the file")
    }
    var record = ByteReader(bytes, Int(place)..<endRecord - 20)
    guard try record.little(UInt32.self, "the ZIP64 record") == 0x0606_4B50 else {
      throw FormatError("the archive's ZIP64 record is missing")
    }
    _ = try record.range(20, of: "the ZIP64 record")
    let countHere = try record.little(UInt64.self, "the ZIP64 record")
    let count = try record.little(UInt64.self, "the ZIP64 record")
    let size = try record.little(UInt64.self, "the ZIP64 record")
    let offset = try record.little(UInt64.self, "the ZIP64 record")
    guard countHere == count, count <= UInt64(bytes.count) else {
      throw FormatError("the archive claims \(count) entries, more than it has room for")
    }
    return Location(count: Int(count), range: try range(offset, size, before: Int(place)))
  }

  private static func range(
    _ offset: UInt64, _ size: UInt64, before end: Int
  ) throws(FormatError) -> Range<Int> {
    guard offset <= UInt64(end), size <= UInt64(end) - offset else {
      throw FormatError("the archive's directory lies past the end of the file")
    }
    return Int(offset)..<Int(offset + size)
  }

  /// What the directory says of one entry.
  private struct Record {
    let name: String
    let flags: UInt16
    let method: UInt16
    let crc: UInt32
    private(set) var packedCount: Int
    private(set) var byteCount: Int
    private(set) var offset: Int

    init(_ reader: inout ByteReader) throws(FormatError) {
      guard try reader.little(UInt32.self, "a directory entry") == 0x0201_4B50 else {
        throw FormatError("the archive's directory is damaged")
      }
      _ = try reader.range(4, of: "a directory entry")
      flags = try reader.little(UInt16.self, "a directory entry")
      method = try reader.little(UInt16.self, "a directory entry")
      _ = try reader.range(4, of: "a directory entry")
      crc = try reader.little(UInt32.self, "a directory entry")
      packedCount = Int(try reader.little(UInt32.self, "a directory entry"))
      byteCount = Int(try reader.little(UInt32.self, "a directory entry"))
      let nameCount = Int(try reader.little(UInt16.self, "a directory entry"))
      let extraCount = Int(try reader.little(UInt16.self, "a directory entry"))
      let commentCount = Int(try reader.little(UInt16.self, "a directory entry"))
      _ = try reader.range(8, of: "a directory entry")
      offset = Int(try reader.little(UInt32.self, "a directory entry"))
      name = try reader.text(nameCount, "the name of an entry")
      let extra = try reader.range(extraCount, of: "a directory entry")
      try readExtra(ByteReader(reader.bytes, extra))
      _ = try reader.range(commentCount, of: "a directory entry")
      guard flags & 1 == 0 else { throw FormatError("entry \(quoted(name)) is encrypted") }
      guard method == 0 || method == 8 else {
        throw FormatError(
          "entry \(quoted(name)) is packed by method \(method); stored and deflated are read")
      }
      guard method == 8 || packedCount == byteCount else {
        throw FormatError(
          "entry \(quoted(name)) is stored in \(packedCount) bytes but claims \(byteCount)")
      }
    }

    /// Takes sizes that do not fit 32 bits from the ZIP64 field.
    private mutating func readExtra(_ extra: ByteReader) throws(FormatError) {
      let unset = 0xFFFF_FFFF
      guard byteCount == unset || packedCount == unset || offset == unset else { return }
      var extra = extra
      while extra.remaining >= 4 {
        let kind = try extra.little(UInt16.self, "an extra field")
        let length = Int(try extra.little(UInt16.self, "an extra field"))
        let range = try extra.range(length, of: "an extra field")
        guard kind == 1 else { continue }
        var field = ByteReader(extra.bytes, range)
        if byteCount == unset { byteCount = try Self.size(&field) }
        if packedCount == unset { packedCount = try Self.size(&field) }
        if offset == unset { offset = try Self.size(&field) }
        return
      }
      throw FormatError("an entry of the archive lacks its ZIP64 sizes")
    }

    private static func size(_ field: inout ByteReader) throws(FormatError) -> Int {
      guard let size = Int(exactly: try field.little(UInt64.self, "a ZIP64 size")) else {
        throw FormatError("an entry of the archive claims more than 2^63 bytes")
      }
      return size
    }
  }

  /// Checks an entry against the header in front of its data, and says where the data lie.
  private static func dataRange(
    of record: Record, _ bytes: [UInt8], before end: Int
  ) throws(FormatError) -> Range<Int> {
    let what = "entry \(quoted(record.name))"
    guard record.offset <= end else { throw FormatError("\(what) lies past the end of the file") }
    var reader = ByteReader(bytes, record.offset..<end)
    guard try reader.little(UInt32.self, what) == 0x0403_4B50 else {
      throw FormatError("\(what) has no header where the directory says")
    }
    _ = try reader.range(2, of: what)
    let flags = try reader.little(UInt16.self, what)
    let method = try reader.little(UInt16.self, what)
    _ = try reader.range(4, of: what)
    let crc = try reader.little(UInt32.self, what)
    let packedCount = Int(try reader.little(UInt32.self, what))
    let byteCount = Int(try reader.little(UInt32.self, what))
    let nameCount = Int(try reader.little(UInt16.self, what))
    let extraCount = Int(try reader.little(UInt16.self, what))
    let name = try reader.slice(nameCount, of: what)
    _ = try reader.range(extraCount, of: what)
    guard method == record.method, name.elementsEqual(record.name.utf8) else {
      throw FormatError("\(what) disagrees with the directory in name or method")
    }
    // With flag 3 the sizes follow the data; all ones refer to a ZIP64 field.
    if flags & 8 == 0 {
      guard crc == record.crc, packedCount == record.packedCount || packedCount == 0xFFFF_FFFF,
        byteCount == record.byteCount || byteCount == 0xFFFF_FFFF
      else { throw FormatError("\(what) disagrees with the directory in size or CRC-32") }
    }
    return try reader.range(record.packedCount, of: what)
  }
}
