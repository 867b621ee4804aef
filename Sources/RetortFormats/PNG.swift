/// PNG images. Source: Portable Network Graphics Specification, third edition.
package enum PNG {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// 8192 × 8192.
  package static let pixelLimit = 1 << 26

  package static func recognises(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature) }

  /// Reads an image of any colour type and depth, interlaced or not, as 8-bit RGB: grey is
  /// repeated, palettes are looked up, fewer than 8 bits are scaled to 0...255, and 16 bits are
  /// rounded. Colour spaces are ignored.
  ///
  /// - Throws: when anything is damaged or missing, on more than `pixelLimit` pixels, and when a
  ///   pixel is not opaque. Memory grows with the data, not with what the header claims.
  package static func decode(_ bytes: [UInt8]) throws(FormatError) -> RGBImage {
    let chunks = try PNGChunks(bytes)
    let header = chunks.header
    let needed = header.passes.reduce(0) { $0 + $1.height * (1 + header.rowBytes($1.width)) }
    guard needed <= Inflate.mostBytes(from: chunks.data.count) else {
      throw FormatError(
        "claims \(header.width)x\(header.height) pixels, more than its \(chunks.data.count) bytes"
          + " of data can hold")
    }
    let rows = try Zlib.unpack(chunks.data, limit: needed)
    guard rows.count == needed else {
      throw FormatError(
        "its data unpack to \(rows.count) bytes, but \(header.width)x\(header.height) pixels take"
          + " \(needed)")
    }
    var pixels = PNGPixels(chunks)
    try pixels.draw(rows)
    return RGBImage(width: header.width, height: header.height, bytes: pixels.rgb)
  }

  /// Writes an image as 8-bit RGB, each row with the filter of the smallest sum of differences.
  /// The result depends on the image alone.
  package static func encode(_ image: RGBImage) -> [UInt8] {
    var header = ByteWriter()
    header.big(UInt32(image.width))
    header.big(UInt32(image.height))
    header.append([8, 2, 0, 0, 0])
    var writer = ByteWriter()
    writer.append(signature)
    append("IHDR", header.bytes, to: &writer)
    append("IDAT", Zlib.pack(filtered(image)), to: &writer)
    append("IEND", [], to: &writer)
    return writer.bytes
  }

  private static func append(_ type: String, _ data: [UInt8], to writer: inout ByteWriter) {
    let checked = Array(type.utf8) + data
    writer.big(UInt32(data.count))
    writer.append(checked)
    writer.big(Checksum.crc32(checked))
  }

  private static func filtered(_ image: RGBImage) -> [UInt8] {
    let width = 3 * image.width
    var result: [UInt8] = []
    result.reserveCapacity(image.height * (width + 1))
    for y in 0..<image.height {
      var best: (cost: Int, filter: UInt8, row: [UInt8])?
      for filter in UInt8(0)...4 {
        let row = (0..<width).map { x in
          let start = y * width
          let left = x >= 3 ? image.bytes[start + x - 3] : 0
          let above = y > 0 ? image.bytes[start - width + x] : 0
          let corner = x >= 3 && y > 0 ? image.bytes[start - width + x - 3] : 0
          return image.bytes[start + x] &- PNGFilter.predict(filter, left, above, corner)
        }
        let cost = row.reduce(0) { $0 + Int(Int8(bitPattern: $1).magnitude) }
        if cost < best?.cost ?? .max { best = (cost, filter, row) }
      }
      guard let best else { continue }
      result.append(best.filter)
      result += best.row
    }
    return result
  }
}

/// The five ways in which PNG predicts a byte from its neighbours.
enum PNGFilter {
  /// Filter 0...4: nothing, left, above, their mean, or Paeth's choice of three.
  @inline(__always)
  static func predict(_ filter: UInt8, _ left: UInt8, _ above: UInt8, _ corner: UInt8) -> UInt8 {
    switch filter {
    case 1: return left
    case 2: return above
    case 3: return UInt8((Int(left) + Int(above)) / 2)
    case 4:
      let estimate = Int(left) + Int(above) - Int(corner)
      let (a, b, c) = (
        abs(estimate - Int(left)), abs(estimate - Int(above)), abs(estimate - Int(corner))
      )
      return a <= b && a <= c ? left : b <= c ? above : corner
    default: return 0
    }
  }
}
