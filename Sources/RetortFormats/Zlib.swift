/// The zlib wrapping of DEFLATE data, with its header and Adler-32. Source: RFC 1950.
package enum Zlib {
  /// - Throws: when the header or the checksum is wrong, or `Inflate.inflate` throws.
  package static func unpack(_ input: [UInt8], limit: Int) throws(FormatError) -> [UInt8] {
    var reader = ByteReader(input)
    let header = try reader.big(UInt16.self, "the zlib header")
    guard header >> 8 & 15 == 8, header >> 12 <= 7, header % 31 == 0, header & 0x20 == 0 else {
      throw FormatError("the compressed data do not begin with a zlib header")
    }
    let (bytes, end) = try Inflate.inflate(input, 2..<input.count, limit: limit)
    var trailer = ByteReader(input, end..<input.count)
    guard try trailer.big(UInt32.self, "the Adler-32 checksum") == Checksum.adler32(bytes) else {
      throw FormatError("the Adler-32 checksum of the compressed data does not agree")
    }
    return bytes
  }

  package static func pack(_ bytes: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.big(UInt16(0x789C))
    writer.append(Deflate.deflate(bytes))
    writer.big(Checksum.adler32(bytes))
    return writer.bytes
  }
}
