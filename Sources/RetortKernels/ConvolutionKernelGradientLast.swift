import RetortTensor

/// The adjoint of a convolution of NHWC images in its weights:
/// `dw[o, c, u, v] = Σ dy[n, p, q, o] · x[n, p · strideY − top + u · dilationY, …, c]`.
///
/// Shapes: `x: [N, H, W, C]`, `dy: [N, H′, W′, O]`, `dw: [O, C, kh, kw]`. The rows of a block are
/// elements `(u, v, c)` of the patch, its columns filters, and the sum runs over pixels, a band of
/// rows at a time that the first-level cache holds. Each tile sums a share of all bands into
/// partial sums of its own; `finish` adds the shares in order and writes `dw`. Shares and bands
/// depend on shapes alone, so nothing depends on threads.
package struct ConvolutionKernelGradientLast: Sendable, Hashable {
  package let geometry: ChannelsLastGeometry
  private let panels: Int
  private let panelsPerTile: Int
  private let rowsPerBand: Int
  /// Bands of all images, and the shares into which they are cut.
  private let bandCount: Int
  private let shareCount: Int

  /// Patch elements that one tile of `finish` adds up.
  private static let elementsPerFinish = 256

  package init(_ g: ChannelsLastGeometry) {
    geometry = g
    panels = Self.quotientUp(g.filters, PanelBlock.columns)
    panelsPerTile = max(1, min(2, panels))
    // About 128 pixels hide the loads and stores of the sums between bands.
    rowsPerBand = max(1, min(g.outHeight, Self.quotientUp(128, max(1, g.outWidth))))
    bandCount = g.outWidth == 0 ? 0 : g.batch * Self.quotientUp(g.outHeight, rowsPerBand)
    let blocks = max(1, Self.quotientUp(panels, panelsPerTile))
    // Sixteen tiles, each of four million operations or more.
    let most = max(1, min(Self.quotientUp(16, blocks), g.flops / 4_000_000 / blocks))
    shareCount = max(1, min(bandCount, most))
  }

  private static func quotientUp(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }

  private var patch: Int { geometry.taps * geometry.channels }
  private var bandWidth: Int {
    (geometry.outWidth - 1) * geometry.strideX + (geometry.kernelWidth - 1) * geometry.dilationX + 1
  }
  private func bandHeight(_ rows: Int) -> Int {
    (rows - 1) * geometry.strideY + (geometry.kernelHeight - 1) * geometry.dilationY + 1
  }

  package var tileCount: Int { shareCount * Self.quotientUp(panels, panelsPerTile) }
  package var scratchByteCount: Int {
    guard bandCount > 0 else { return 0 }
    let band = bandHeight(rowsPerBand) * bandWidth * geometry.channels
    let lists = 16 * patch + MemoryLayout<PanelSegment>.stride * rowsPerBand
    return lists + 64 + 4 * (band + rowsPerBand * geometry.outWidth * PanelBlock.columns)
  }
  /// The partial sums, `[share][panel][patch][16]`, which all tiles share.
  package var partialByteCount: Int { 4 * shareCount * panels * patch * PanelBlock.columns }

  /// Writes the tile's partial sums.
  package func run(
    tile: Int, x: UnsafePointer<Float>, dy: UnsafePointer<Float>,
    partials: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let (block, share) = tile.quotientAndRemainder(dividingBy: shareCount)
    let first = block * panelsPerTile
    let chosen = first..<min(first + panelsPerTile, panels)
    let sums = partials + share * panels * patch * PanelBlock.columns
    if bandCount == 0 {
      let count = chosen.count * patch * PanelBlock.columns
      (sums + first * patch * PanelBlock.columns).update(repeating: 0, count: count)
      return
    }
    let work = Workspace(
      scratch, patch: patch, rows: rowsPerBand,
      bandCount: bandHeight(rowsPerBand) * bandWidth * geometry.channels)
    listPatch(work)
    let bands = share * bandCount / shareCount..<(share + 1) * bandCount / shareCount
    for band in bands {
      add(band, isFirst: band == bands.lowerBound, chosen, x, dy, sums, work)
    }
  }

  /// Scratch: where patch elements are read and summed, the stretches of pixels, the band, dy.
  private struct Workspace {
    let sources: UnsafeMutablePointer<Int>
    let targets: UnsafeMutablePointer<Int>
    let segments: UnsafeMutablePointer<PanelSegment>
    let band: UnsafeMutablePointer<Float>
    let panel: UnsafeMutablePointer<Float>

    init(_ scratch: UnsafeMutableRawPointer, patch: Int, rows: Int, bandCount: Int) {
      sources = scratch.assumingMemoryBound(to: Int.self)
      targets = sources + patch
      segments = UnsafeMutableRawPointer(targets + patch).assumingMemoryBound(
        to: PanelSegment.self)
      let end = UnsafeMutableRawPointer(segments + rows)
      band = end.alignedUp(toMultipleOf: 64).assumingMemoryBound(to: Float.self)
      panel = band + bandCount
    }
  }

  private func listPatch(_ work: Workspace) {
    let g = geometry
    var element = 0
    for u in 0..<g.kernelHeight {
      for v in 0..<g.kernelWidth {
        let from = (u * g.dilationY * bandWidth + v * g.dilationX) * g.channels
        for c in 0..<g.channels {
          work.sources[element] = from + c
          work.targets[element] = element
          element += 1
        }
      }
    }
  }

  /// Adds one band of one image.
  private func add(
    _ band: Int, isFirst: Bool, _ chosen: Range<Int>, _ x: UnsafePointer<Float>,
    _ dy: UnsafePointer<Float>, _ sums: UnsafeMutablePointer<Float>, _ work: Workspace
  ) {
    let g = geometry
    let bandsPerImage = Self.quotientUp(g.outHeight, rowsPerBand)
    let (image, part) = band.quotientAndRemainder(dividingBy: bandsPerImage)
    let rows = part * rowsPerBand..<min((part + 1) * rowsPerBand, g.outHeight)
    let firstRow = rows.lowerBound * g.strideY - g.top
    BandCopy(height: g.height, width: g.width, channels: g.channels).run(
      image: x + image * g.height * g.width * g.channels,
      rows: firstRow..<firstRow + bandHeight(rows.count), columns: -g.left..<bandWidth - g.left,
      into: work.band)
    for row in 0..<rows.count {
      work.segments[row] = PanelSegment(
        source: row * g.strideY * bandWidth * g.channels,
        weights: row * g.outWidth * PanelBlock.columns, depth: g.outWidth)
    }
    let seed = dy + (image * g.outHeight + rows.lowerBound) * g.outWidth * g.filters
    let pixels = PixelBlocks.Pixels(
      sources: work.sources, targets: work.targets, count: patch)
    for number in chosen {
      let column = number * PanelBlock.columns
      let columns = min(PanelBlock.columns, g.filters - column)
      for pixel in 0..<rows.count * g.outWidth {
        LaneBlock.load(seed + (pixel &* g.filters &+ column), count: columns)
          .store(work.panel + pixel &* PanelBlock.columns)
      }
      PixelBlocks.add(
        UnsafeBufferPointer(start: work.segments, count: rows.count), of: pixels,
        base: work.band, panel: work.panel, to: sums + number * patch * PanelBlock.columns,
        targetStride: PanelBlock.columns, columns: PanelBlock.columns, first: isFirst,
        sourceStep: g.strideX * g.channels)
    }
  }

  // MARK: adding up

  private var finishesPerPanel: Int { Self.quotientUp(patch, Self.elementsPerFinish) }
  package var finishTileCount: Int { panels * finishesPerPanel }

  /// Adds the shares in order.
  package func finish(
    tile: Int, partials: UnsafePointer<Float>, dw: UnsafeMutablePointer<Float>
  ) {
    let g = geometry
    let (panel, part) = tile.quotientAndRemainder(dividingBy: finishesPerPanel)
    let first = part * Self.elementsPerFinish
    let column = panel * PanelBlock.columns
    let columns = min(PanelBlock.columns, g.filters - column)
    let shareStride = panels * patch * PanelBlock.columns
    for element in first..<min(first + Self.elementsPerFinish, patch) {
      let from = partials + (panel &* patch &+ element) &* PanelBlock.columns
      var sum = LaneBlock.load(from)
      for share in 1..<max(1, shareCount) { sum += LaneBlock.load(from + share &* shareStride) }
      let (tap, channel) = element.quotientAndRemainder(dividingBy: g.channels)
      let to = dw + (column * patch + channel * g.taps + tap)
      for lane in 0..<columns { to[lane &* patch] = sum[lane] }
    }
  }
}
