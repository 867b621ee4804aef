/// How the work of a Winograd convolution is cut: a function of the shapes alone.
///
/// A *pass* transforms and multiplies some squares at once; a tile is one or more passes over a
/// block of pixels by a block of panels. Each choice trades two costs:
/// - Squares of a pass: V should stay in the second-level cache (few squares), each panel of
///   weights should be read for many squares. Weights that do not fit in the third-level cache
///   move more slowly than V.
/// - Panels of a tile: the input transform is repeated for each block of panels (15 % of the time
///   at 128 filters, 8 % at 256), but a tile's result should stay in the cache, and few pixels must
///   still make tiles enough for all threads.
struct WinogradBlocking: Sendable, Hashable {
  /// A block of pixels is either `bandsPerBlock` bands of one image, or whole images.
  private(set) var imagesPerBlock = 1
  private(set) var bandsPerBlock = 1
  private(set) var blocksPerImage = 1
  private(set) var pixelBlocks = 0
  private(set) var panelsPerBlock = 1
  private(set) var channelBlocks = 0
  private(set) var squaresPerPass = 1
  /// Panels whose products are kept until they are transformed back.
  private(set) var panelsPerGroup = 1

  /// What V may take of a second-level cache of 512 KiB or more.
  private static let cachedByteCount = 256 * 1024
  /// A tile's result, which an epilogue reads again, beside V and M in the same cache.
  private static let resultByteCount = 64 * 1024
  /// Weights beyond this are taken to come from memory.
  private static let largeWeights = 16 * 1024 * 1024
  private static let wantedTiles = 8
  /// 256 filters.
  private static let mostPanels = 16
  /// Tiles are not made narrower than this for more of them.
  private static let leastPanels = 4

  init(_ geometry: ChannelsLastGeometry, grid: WinogradGrid) {
    let panels = (geometry.filters + PanelBlock.columns - 1) / PanelBlock.columns
    let squares = geometry.batch * grid.across * grid.down
    guard squares > 0, panels > 0 else { return }
    let positions = (grid.side + 2) * (grid.side + 2)
    let bytesPerSquare = 4 * positions * max(1, geometry.channels)
    let weights = bytesPerSquare * panels * PanelBlock.columns
    let wanted =
      weights > Self.largeWeights ? 32 : min(max(Self.cachedByteCount / bytesPerSquare, 16), 32)

    cutPanels(panels, into: (panels + Self.mostPanels - 1) / Self.mostPanels)
    cutPixels(geometry, grid, squares: wanted)
    while pixelBlocks * channelBlocks < Self.wantedTiles && panelsPerBlock >= 2 * Self.leastPanels {
      cutPanels(panels, into: 2 * channelBlocks)
    }
    // Small tiles of few channels take several passes.
    let resultPerSquare = 4 * grid.side * grid.side * panelsPerBlock * PanelBlock.columns
    let most = min(Self.resultByteCount / resultPerSquare, squares / Self.wantedTiles)
    if most > wanted { cutPixels(geometry, grid, squares: most) }

    let inBlock = imagesPerBlock * bandsPerBlock * grid.across
    squaresPerPass = Self.evenPart(of: inBlock, atMost: wanted)
    panelsPerGroup = min(panelsPerBlock, Self.leastPanels)
  }

  private mutating func cutPanels(_ panels: Int, into blocks: Int) {
    panelsPerBlock = (panels + blocks - 1) / blocks
    channelBlocks = (panels + panelsPerBlock - 1) / panelsPerBlock
  }

  private mutating func cutPixels(
    _ geometry: ChannelsLastGeometry, _ grid: WinogradGrid, squares: Int
  ) {
    let perImage = grid.across * grid.down
    if perImage <= squares {
      imagesPerBlock = Self.evenPart(of: geometry.batch, atMost: squares / perImage)
      bandsPerBlock = grid.down
    } else {
      imagesPerBlock = 1
      bandsPerBlock = Self.evenPart(of: grid.down, atMost: squares / grid.across)
    }
    blocksPerImage = (grid.down + bandsPerBlock - 1) / bandsPerBlock
    pixelBlocks = (geometry.batch + imagesPerBlock - 1) / imagesPerBlock * blocksPerImage
  }

  /// The least size of as many parts of `count` as parts of `most` would be.
  private static func evenPart(of count: Int, atMost most: Int) -> Int {
    let parts = (count + max(1, most) - 1) / max(1, most)
    return (count + parts - 1) / max(1, parts)
  }
}
