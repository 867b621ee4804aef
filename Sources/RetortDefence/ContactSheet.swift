import RetortFormats
import RetortTensor

/// One picture of what an attack and a purifier did: a row an image, with the image, the attacked
/// and the purified image, and both differences amplified, each with the classifier's answer.
package struct ContactSheet: Sendable {
  /// One row.
  package struct Row: Sendable {
    /// `[3, 32, 32]` planes in [0, 1], row-major.
    package let clean: [Float]
    package let attacked: [Float]
    package let purified: [Float]
    /// What stands under the first three pictures.
    package let captions: [Caption]

    package init(clean: [Float], attacked: [Float], purified: [Float], captions: [Caption]) {
      self.clean = clean
      self.attacked = attacked
      self.purified = purified
      self.captions = captions
    }
  }

  /// The classifier's answer, drawn in green where it is right and in red where it is not.
  package struct Caption: Sendable {
    package let text: String
    package let isRight: Bool

    package init(_ text: String, isRight: Bool) {
      self.text = text
      self.isRight = isRight
    }
  }

  private static let extent = 32
  private static let zoom = 3
  private static let margin = 8
  private static let captionHeight = 14
  private static let titles = ["image", "attacked", "purified", "attack x10", "purifier x10"]
  /// Differences are drawn as grey plus this multiple.
  private static let amplification: Float = 10

  private var bytes: [UInt8]
  private let width: Int
  private let height: Int

  package static func draw(_ rows: [Row]) -> RGBImage {
    var sheet = ContactSheet(rowCount: rows.count)
    for (column, title) in titles.enumerated() {
      sheet.write(title, column: column, top: margin, colour: (40, 40, 40))
    }
    for (index, row) in rows.enumerated() { sheet.draw(row, at: index) }
    return RGBImage(width: sheet.width, height: sheet.height, bytes: sheet.bytes)
  }

  private init(rowCount: Int) {
    let cell = Self.extent * Self.zoom
    width = Self.titles.count * (cell + Self.margin) + Self.margin
    height =
      Self.margin + Self.captionHeight
      + rowCount * (cell + Self.captionHeight + Self.margin) + Self.margin
    bytes = [UInt8](repeating: 250, count: width * height * 3)
  }

  private mutating func draw(_ row: Row, at index: Int) {
    let cell = Self.extent * Self.zoom
    let top = Self.margin + Self.captionHeight + index * (cell + Self.captionHeight + Self.margin)
    func difference(_ a: [Float], _ b: [Float]) -> [Float] {
      zip(a, b).map { 0.5 + ($0 - $1) * Self.amplification }
    }
    let pictures = [
      row.clean, row.attacked, row.purified, difference(row.attacked, row.clean),
      difference(row.purified, row.attacked),
    ]
    for (column, planes) in pictures.enumerated() { draw(planes, column: column, top: top) }
    for (column, caption) in row.captions.enumerated() {
      write(
        caption.text, column: column, top: top + cell + 4,
        colour: caption.isRight ? (20, 120, 40) : (190, 30, 30))
    }
  }

  private func left(_ column: Int) -> Int {
    Self.margin + column * (Self.extent * Self.zoom + Self.margin)
  }

  private mutating func draw(_ planes: [Float], column: Int, top: Int) {
    let extent = Self.extent
    for y in 0..<extent * Self.zoom {
      for x in 0..<extent * Self.zoom {
        let source = (y / Self.zoom) * extent + x / Self.zoom
        let target = ((top + y) * width + left(column) + x) * 3
        for plane in 0..<3 {
          let level = min(max(planes[plane * extent * extent + source], 0), 1)
          bytes[target + plane] = UInt8((level * 255).rounded())
        }
      }
    }
  }

  private mutating func write(
    _ text: String, column: Int, top: Int, colour: (UInt8, UInt8, UInt8)
  ) {
    let limit = Self.extent * Self.zoom / PixelFont.advance
    for (index, letter) in text.prefix(limit).enumerated() {
      for row in 0..<PixelFont.height {
        for pixel in 0..<PixelFont.width where PixelFont.hasInk(letter, row: row, column: pixel) {
          let x = left(column) + index * PixelFont.advance + pixel
          let target = ((top + row) * width + x) * 3
          (bytes[target], bytes[target + 1], bytes[target + 2]) = colour
        }
      }
    }
  }
}
