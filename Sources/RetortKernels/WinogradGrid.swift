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

/// How the work of a Winograd convolution is cut: a pure function of the shapes.
struct WinogradBlocking: Sendable, Hashable {
  /// A block of pixels is either `bandsPerBlock` bands of one image, or whole images.
  let imagesPerBlock: Int
  let bandsPerBlock: Int
  let blocksPerImage: Int
  let pixelBlocks: Int
  let panelsPerBlock: Int
  let channelBlocks: Int
  /// Squares that are transformed and multiplied together.
  let squaresPerPass: Int
  /// Panels whose products are kept until they are transformed back.
  let panelsPerGroup: Int

  init(_ geometry: ChannelsLastGeometry, grid: WinogradGrid) {
    let perImage = grid.across * grid.down
    let panels = (geometry.filters + PanelBlock.columns - 1) / PanelBlock.columns
    guard perImage > 0, panels > 0, geometry.batch > 0 else {
      (imagesPerBlock, bandsPerBlock, blocksPerImage, pixelBlocks) = (1, 1, 1, 0)
      (panelsPerBlock, channelBlocks, squaresPerPass, panelsPerGroup) = (1, 0, 1, 1)
      return
    }
    let wanted = geometry.channels >= 256 ? 64 : 32
    if perImage <= wanted {
      let most = min(geometry.batch, wanted / perImage)
      let blocks = (geometry.batch + most - 1) / most
      imagesPerBlock = (geometry.batch + blocks - 1) / blocks
      bandsPerBlock = grid.down
      blocksPerImage = 1
    } else {
      let most = max(1, wanted / grid.across)
      let blocks = (grid.down + most - 1) / most
      imagesPerBlock = 1
      bandsPerBlock = (grid.down + blocks - 1) / blocks
      blocksPerImage = (grid.down + bandsPerBlock - 1) / bandsPerBlock
    }
    pixelBlocks =
      (geometry.batch + imagesPerBlock - 1) / imagesPerBlock * blocksPerImage
    let squares = imagesPerBlock * bandsPerBlock * grid.across
    let passes = (squares + wanted - 1) / wanted
    squaresPerPass = (squares + passes - 1) / passes
    var wide = panels
    while wide >= 8 && pixelBlocks * ((panels + wide - 1) / wide) < 8 { wide = (wide + 1) / 2 }
    panelsPerBlock = wide
    channelBlocks = (panels + wide - 1) / wide
    panelsPerGroup = min(wide, 4)
  }
}
