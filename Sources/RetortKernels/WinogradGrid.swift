/// The squares of t × t outputs that cover the images: `across` in a band of t output rows, `down`
/// bands an image. Bands are numbered over all images, squares within bands from left to right.
struct WinogradGrid: Sendable, Hashable {
  let side: Int
  let across: Int
  let down: Int
  private let outHeight: Int
  private let outWidth: Int

  init(_ geometry: ChannelsLastGeometry, side: Int) {
    self.side = side
    outHeight = geometry.outHeight
    outWidth = geometry.outWidth
    across = (outWidth + side - 1) / side
    down = (outHeight + side - 1) / side
  }

  /// The output pixels of bands that begin and end with an image or all lie in one.
  func pixels(ofBands bands: Range<Int>) -> Range<Int> {
    firstPixel(ofBand: bands.lowerBound)..<firstPixel(ofBand: bands.upperBound)
  }

  private func firstPixel(ofBand band: Int) -> Int {
    guard down > 0 else { return 0 }
    let (image, row) = band.quotientAndRemainder(dividingBy: down)
    return (image * outHeight + row * side) * outWidth
  }

  /// Where a square lies.
  struct Place {
    /// Of the image in the batch.
    var image: Int
    /// The square's row and column in the image, counted in squares.
    var row: Int
    var column: Int
  }

  func place(ofSquare square: Int) -> Place {
    let (band, column) = square.quotientAndRemainder(dividingBy: across)
    let (image, row) = band.quotientAndRemainder(dividingBy: down)
    return Place(image: image, row: row, column: column)
  }

  /// The next square's place, without dividing.
  @inline(__always)
  func advance(_ place: inout Place) {
    place.column &+= 1
    guard place.column == across else { return }
    place.column = 0
    place.row &+= 1
    guard place.row == down else { return }
    place.row = 0
    place.image &+= 1
  }
}
