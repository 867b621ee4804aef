/// What the first chunk of a PNG image says.
struct PNGHeader {
  /// One pass of an image: where its pixels begin, how far apart they are, and how many there are.
  struct Pass {
    let x: Int, y: Int, dx: Int, dy: Int
    let width: Int, height: Int
  }

  let width: Int
  let height: Int
  let depth: Int
  let colourType: Int
  let isInterlaced: Bool

  /// Allowed depths and the samples of a pixel, by colour type.
  private static let kinds: [Int: (depths: [Int], channels: Int)] = [
    0: ([1, 2, 4, 8, 16], 1), 2: ([8, 16], 3), 3: ([1, 2, 4, 8], 1), 4: ([8, 16], 2),
    6: ([8, 16], 4),
  ]

  init(_ data: ArraySlice<UInt8>) throws(FormatError) {
    guard data.count == 13 else { throw FormatError("the IHDR chunk is not 13 bytes long") }
    var reader = ByteReader(data)
    width = Int(try reader.big(UInt32.self, "IHDR"))
    height = Int(try reader.big(UInt32.self, "IHDR"))
    depth = Int(try reader.byte("IHDR"))
    colourType = Int(try reader.byte("IHDR"))
    let methods = (try reader.byte("IHDR"), try reader.byte("IHDR"))
    let interlace = try reader.byte("IHDR")
    isInterlaced = interlace == 1
    guard (1...0x7FFF_FFFF).contains(width), (1...0x7FFF_FFFF).contains(height) else {
      throw FormatError("the image is \(width)x\(height) pixels")
    }
    guard width * height <= PNG.pixelLimit else {
      throw FormatError(
        "claims \(width)x\(height) pixels; the limit is \(PNG.pixelLimit) pixels")
    }
    guard let kind = Self.kinds[colourType] else {
      throw FormatError("has colour type \(colourType), which PNG does not know")
    }
    guard kind.depths.contains(depth) else {
      throw FormatError("has \(depth) bits a sample, which colour type \(colourType) cannot have")
    }
    guard methods == (0, 0), interlace <= 1 else {
      throw FormatError("is packed, filtered or interlaced in a way that PNG does not know")
    }
  }

  var channels: Int { Self.kinds[colourType]?.channels ?? 1 }
  var bitsPerPixel: Int { depth * channels }

  func rowBytes(_ width: Int) -> Int { (width * bitsPerPixel + 7) / 8 }

  /// The passes that have pixels: one, or Adam7's up to seven.
  var passes: [Pass] {
    let layout =
      isInterlaced
      ? [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
      ] : [(0, 0, 1, 1)]
    return layout.compactMap { x, y, dx, dy in
      let columns = (width - x + dx - 1) / dx
      let rows = (height - y + dy - 1) / dy
      guard columns > 0, rows > 0 else { return nil }
      return Pass(x: x, y: y, dx: dx, dy: dy, width: columns, height: rows)
    }
  }
}

/// The chunks of a PNG image that matter, their order and their CRC-32 checked.
struct PNGChunks {
  let header: PNGHeader
  /// Red, green, blue of each colour.
  private(set) var palette: [UInt8] = []
  private(set) var transparency: [UInt8]?
  /// The compressed data of all IDAT chunks.
  private(set) var data: [UInt8] = []

  init(_ bytes: [UInt8]) throws(FormatError) {
    guard PNG.recognises(bytes) else {
      throw FormatError(bytes.isEmpty ? "is empty" : "is not a PNG image: its signature is wrong")
    }
    var reader = ByteReader(bytes, PNG.signature.count..<bytes.count)
    let (first, content) = try Self.chunk(&reader)
    guard first == "IHDR" else { throw FormatError("the first chunk is not IHDR") }
    header = try PNGHeader(content)
    var previous = first
    while previous != "IEND" {
      let (type, content) = try Self.chunk(&reader)
      try take(type, content, after: previous)
      previous = type
    }
    guard !data.isEmpty else { throw FormatError("has no IDAT chunk") }
    guard header.colourType != 3 || !palette.isEmpty else {
      throw FormatError("its colours are numbers in a palette, but it has no PLTE chunk")
    }
  }

  private static func chunk(
    _ reader: inout ByteReader
  ) throws(FormatError) -> (type: String, content: ArraySlice<UInt8>) {
    let length = try reader.big(UInt32.self, "a chunk's length")
    let start = reader.position
    let type = try reader.slice(4, of: "a chunk's type")
    guard type.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else {
      throw FormatError("a chunk's type is not four letters")
    }
    let name = String(decoding: type, as: UTF8.self)
    let content = try reader.slice(Int(length), of: "the chunk \(name)")
    let crc = try reader.big(UInt32.self, "the CRC-32 of \(name)")
    guard crc == Checksum.crc32(reader.bytes[start..<content.endIndex]) else {
      throw FormatError("the CRC-32 of the chunk \(name) does not agree: it is damaged")
    }
    return (name, content)
  }

  private mutating func take(
    _ type: String, _ content: ArraySlice<UInt8>, after previous: String
  ) throws(FormatError) {
    switch type {
    case "IDAT":
      guard data.isEmpty || previous == "IDAT" else {
        throw FormatError("its IDAT chunks are not together")
      }
      data += content
    case "PLTE":
      guard palette.isEmpty, data.isEmpty, content.count % 3 == 0, content.count > 0,
        content.count <= 768
      else { throw FormatError("its PLTE chunk is out of place or of a wrong length") }
      palette = Array(content)
    case "tRNS":
      guard transparency == nil, data.isEmpty else {
        throw FormatError("its tRNS chunk is out of place")
      }
      let wanted = [0: 2, 2: 6][header.colourType]
      guard wanted == nil || content.count == wanted, content.count <= 256,
        header.colourType < 4
      else { throw FormatError("its tRNS chunk has a wrong length") }
      transparency = Array(content)
    case "IEND": break
    case "IHDR": throw FormatError("has two IHDR chunks")
    default:
      // A capital first letter marks a chunk without which the image cannot be understood.
      guard type.utf8.first ?? 0 >= 0x61 else {
        throw FormatError("has a chunk \(type), which is not known")
      }
    }
  }
}
