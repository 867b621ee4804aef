/// How the result of a channels-last kernel is cut: whole rows of one image, or several whole
/// images, by a range of channels.
///
/// A tile is about 20 million operations (0.2 ms) where the result is large, at least 4 million
/// while that leaves sixteen tiles, and never so many pixels that its block leaves the second-level
/// cache. Channels are cut where there are more than 128, or where pixels alone give too few tiles:
/// then each thread reads its part of the weights only.
package struct OutputTiling: Sendable, Hashable {
  package let batch: Int
  package let height: Int
  package let width: Int
  package let channels: Int
  let imagesPerTile: Int
  let rowsPerTile: Int
  let panelsPerTile: Int

  private static let wantedTiles = 16
  /// Fewer pixels would not pay for reading the weights.
  private static let leastPixels = 128
  private static let blockByteCount = 1 << 16

  /// - Parameter depth: products that an element of the result sums.
  package init(batch: Int, height: Int, width: Int, channels: Int, depth: Int) {
    self.batch = batch
    self.height = height
    self.width = width
    self.channels = channels
    let pixels = batch * height * width
    let panels = Self.quotientUp(channels, PanelBlock.columns)
    func pixelsPerTile(_ panels: Int) -> Int {
      let columns = max(1, panels * PanelBlock.columns)
      let work = max(1, 2 * depth * columns)
      let least = max(Self.leastPixels, 4_000_000 / work)
      let most = min(
        max(least, 20_000_000 / work), max(Self.leastPixels, Self.blockByteCount / 4 / columns))
      return max(1, min(most, max(least, Self.quotientUp(pixels, Self.wantedTiles))))
    }
    func split(_ most: Int) -> Int {
      Self.quotientUp(panels, max(1, Self.quotientUp(panels, most)))
    }
    var chosen = split(8)
    let tiles =
      Self.quotientUp(pixels, pixelsPerTile(chosen)) * Self.quotientUp(panels, max(1, chosen))
    if tiles < Self.wantedTiles { chosen = split(4) }
    panelsPerTile = max(1, chosen)
    let wanted = pixelsPerTile(panelsPerTile)
    let plane = max(1, height * width)
    if plane > wanted {
      imagesPerTile = 1
      rowsPerTile = max(1, Self.quotientUp(height, Self.quotientUp(plane, wanted)))
    } else {
      rowsPerTile = max(1, height)
      let parts = Self.quotientUp(batch, max(1, wanted / plane))
      imagesPerTile = max(1, Self.quotientUp(batch, max(1, parts)))
    }
  }

  static func quotientUp(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }

  private var rowBlocks: Int { Self.quotientUp(height, rowsPerTile) }
  private var pixelBlocks: Int { Self.quotientUp(batch, imagesPerTile) * rowBlocks }
  private var channelBlocks: Int {
    Self.quotientUp(channels, panelsPerTile * PanelBlock.columns)
  }

  package var tileCount: Int { width == 0 ? 0 : pixelBlocks * channelBlocks }
  /// Pixels of the largest block.
  package var pixelsPerTile: Int { imagesPerTile * rowsPerTile * width }

  /// The row ranges that occur.
  var rowRanges: [Range<Int>] {
    (0..<rowBlocks).map { $0 * rowsPerTile..<min(($0 + 1) * rowsPerTile, height) }
  }

  struct Tile {
    var images: Range<Int>
    var rows: Range<Int>
    var channels: Range<Int>
  }

  /// Tiles of the same channels follow each other, so that threads share those weights.
  func tile(_ index: Int) -> Tile {
    let (part, pixelBlock) = index.quotientAndRemainder(dividingBy: pixelBlocks)
    let (group, rowBlock) = pixelBlock.quotientAndRemainder(dividingBy: rowBlocks)
    let channelsPerTile = panelsPerTile * PanelBlock.columns
    return Tile(
      images: group * imagesPerTile..<min((group + 1) * imagesPerTile, batch),
      rows: rowBlock * rowsPerTile..<min((rowBlock + 1) * rowsPerTile, height),
      channels: part * channelsPerTile..<min((part + 1) * channelsPerTile, channels))
  }

  package func block(ofTile index: Int) -> OutputBlock {
    let tile = tile(index)
    let plane = height * width
    let first = tile.images.lowerBound * plane + tile.rows.lowerBound * width
    let count = tile.images.count * tile.rows.count * width
    return OutputBlock(pixels: first..<first + count, channels: tile.channels)
  }
}
