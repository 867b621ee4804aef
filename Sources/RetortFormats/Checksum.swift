/// The checksums that file formats carry: CRC-32 (ISO 3309) and Adler-32 (RFC 1950).
package enum Checksum {
  /// Eight tables, so that eight bytes are folded in at once ("slicing by 8").
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
      tables[byte] = value
    }
    for index in 256..<8 * 256 {
      let previous = tables[index - 256]
      tables[index] = previous >> 8 ^ tables[Int(previous & 0xFF)]
    }
    return tables
  }()

  /// CRC-32 with the reflected polynomial EDB88320, as in ZIP and PNG.
  package static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBytes { buffer in
      tables.withUnsafeBufferPointer { table in
        var crc: UInt32 = 0xFFFF_FFFF
        var index = 0
        while index + 8 <= buffer.count {
          let loaded = buffer.loadUnaligned(fromByteOffset: index, as: UInt64.self)
          let word = UInt64(littleEndian: loaded)
          let mixed = word ^ UInt64(crc)
          crc = 0
          for byte in 0..<8 {
            crc ^= table[(7 - byte) << 8 | Int(truncatingIfNeeded: mixed >> (8 * byte) & 0xFF)]
          }
          index += 8
        }
        while index < buffer.count {
          crc = crc >> 8 ^ table[Int((crc ^ UInt32(buffer[index])) & 0xFF)]
          index += 1
        }
        return ~crc
      }
    }
  }

  package static func crc32(_ bytes: [UInt8]) -> UInt32 { crc32(bytes[...]) }

  /// Adler-32: two sums modulo 65521, as in zlib.
  package static func adler32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBytes { buffer in
      var low: UInt32 = 1
      var high: UInt32 = 0
      var index = 0
      while index < buffer.count {
        // 5552 is the most bytes whose sums fit 32 bits.
        let end = min(index + 5552, buffer.count)
        while index < end {
          low &+= UInt32(buffer[index])
          high &+= low
          index += 1
        }
        low %= 65521
        high %= 65521
      }
      return high << 16 | low
    }
  }

  package static func adler32(_ bytes: [UInt8]) -> UInt32 { adler32(bytes[...]) }
}
