/// Turns the unpacked rows of a PNG image into RGB.
struct PNGPixels {
  private let header: PNGHeader
  private let palette: [UInt8]
  private let transparency: [UInt8]?
  /// The samples of the one colour that is transparent, for grey and RGB.
  private let transparentColour: [Int]?
  private(set) var rgb: [UInt8]

  init(_ chunks: PNGChunks) {
    header = chunks.header
    palette = chunks.palette
    transparency = chunks.transparency
    if let bytes = chunks.transparency, header.colourType == 0 || header.colourType == 2 {
      transparentColour = stride(from: 0, to: bytes.count, by: 2).map {
        Int(bytes[$0]) << 8 | Int(bytes[$0 + 1])
      }
    } else {
      transparentColour = nil
    }
    rgb = [UInt8](repeating: 0, count: 3 * header.width * header.height)
  }

  /// Draws every pass; `rows` holds exactly their bytes.
  mutating func draw(_ rows: [UInt8]) throws(FormatError) {
    var rows = rows
    var start = 0
    for pass in header.passes {
      let width = header.rowBytes(pass.width)
      for row in 0..<pass.height {
        try Self.unfilter(
          &rows, at: start, width: width, step: max(1, header.bitsPerPixel / 8), isFirst: row == 0)
        try drawRow(rows[start + 1..<start + 1 + width], pass, row)
        start += width + 1
      }
    }
  }

  /// Undoes the filter of one row in place, given the row above undone.
  private static func unfilter(
    _ rows: inout [UInt8], at start: Int, width: Int, step: Int, isFirst: Bool
  ) throws(FormatError) {
    let filter = rows[start]
    guard filter <= 4 else { throw FormatError("a row has the filter \(filter); there are 0 to 4") }
    if filter == 0 { return }
    let above = start - width
    for x in 0..<width {
      let left = x >= step ? rows[start + 1 + x - step] : 0
      let up = isFirst ? 0 : rows[above + x]
      let corner = isFirst || x < step ? 0 : rows[above + x - step]
      rows[start + 1 + x] &+= PNGFilter.predict(filter, left, up, corner)
    }
  }

  private mutating func drawRow(
    _ bytes: ArraySlice<UInt8>, _ pass: PNGHeader.Pass, _ row: Int
  ) throws(FormatError) {
    let channels = header.channels
    var samples = [Int](repeating: 0, count: channels)
    for column in 0..<pass.width {
      for channel in 0..<channels {
        samples[channel] = sample(bytes, column * channels + channel)
      }
      let x = pass.x + column * pass.dx
      let y = pass.y + row * pass.dy
      let colour = try colour(samples)
      let target = 3 * (y * header.width + x)
      rgb[target] = colour.0
      rgb[target + 1] = colour.1
      rgb[target + 2] = colour.2
    }
  }

  private func sample(_ bytes: ArraySlice<UInt8>, _ index: Int) -> Int {
    switch header.depth {
    case 8: return Int(bytes[bytes.startIndex + index])
    case 16:
      let place = bytes.startIndex + 2 * index
      return Int(bytes[place]) << 8 | Int(bytes[place + 1])
    default:
      let bit = index * header.depth
      let byte = Int(bytes[bytes.startIndex + bit / 8])
      return byte >> (8 - header.depth - bit % 8) & (1 << header.depth - 1)
    }
  }

  /// To 0...255, rounded.
  private func scaled(_ sample: Int) -> UInt8 {
    let most = 1 << header.depth - 1
    return UInt8((sample * 255 + most / 2) / most)
  }

  private func colour(_ samples: [Int]) throws(FormatError) -> (UInt8, UInt8, UInt8) {
    if header.colourType == 3 { return try paletteColour(samples[0]) }
    let hasAlpha = header.colourType >= 4
    let isTransparent =
      hasAlpha
      ? samples[samples.count - 1] != 1 << header.depth - 1 : samples == transparentColour
    guard !isTransparent else { throw Self.transparent() }
    let grey = scaled(samples[0])
    return samples.count < 3 ? (grey, grey, grey) : (grey, scaled(samples[1]), scaled(samples[2]))
  }

  private func paletteColour(_ index: Int) throws(FormatError) -> (UInt8, UInt8, UInt8) {
    guard 3 * index + 2 < palette.count else {
      throw FormatError("a pixel has colour \(index) of a palette of \(palette.count / 3)")
    }
    if let transparency, index < transparency.count, transparency[index] < 255 {
      throw Self.transparent()
    }
    return (palette[3 * index], palette[3 * index + 1], palette[3 * index + 2])
  }

  private static func transparent() -> FormatError {
    FormatError(
      "has transparent pixels, which have no colour of their own",
      hint: "flatten the image onto a background first")
  }
}
