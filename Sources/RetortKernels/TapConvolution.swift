import RetortTensor

/// One tap of a kernel as an output pixel sees it: source pixel `position · step + (y, x)`.
struct Tap: Sendable, Hashable {
  var y: Int
  var x: Int
  /// Which tap of the packed weights.
  var index: Int
}

/// Every `outStep`-th pixel of the result, from `outStart` on, with the taps that reach it.
///
/// A convolution is one phase whose `sourceStep` is the stride. The adjoint has a phase for each
/// residue of the pixel modulo the stride, each a convolution of stride 1 with some of the taps.
struct TapPhase: Sendable, Hashable {
  var startY: Int
  var startX: Int
  var outStepY: Int
  var outStepX: Int
  var sourceStepY: Int
  var sourceStepX: Int
  var taps: [Tap]

  /// Positions `i` whose pixels `start + i · step` lie in the range.
  static func positions(_ range: Range<Int>, start: Int, step: Int) -> Range<Int> {
    func count(below limit: Int) -> Int { limit <= start ? 0 : (limit - start + step - 1) / step }
    return count(below: range.lowerBound)..<count(below: range.upperBound)
  }
  func rows(_ range: Range<Int>) -> Range<Int> {
    Self.positions(range, start: startY, step: outStepY)
  }
  func columns(_ width: Int) -> Range<Int> {
    Self.positions(0..<width, start: startX, step: outStepX)
  }
}

/// Sums over taps and channels of NHWC images, for all phases of a result: what a direct
/// convolution and its adjoint have in common.
///
/// A tile copies the band of image rows that it reads into scratch, with zeros round it, where any
/// tap leaves the image (2 % of the time of a 3×3 layer of 64 channels); then for each panel of
/// columns the weights, a slice that the first-level cache holds at a time, are swept over all its
/// pixels.
struct TapConvolution: Sendable, Hashable {
  let height: Int
  let width: Int
  let channels: Int
  let columns: Int
  let tiling: OutputTiling
  let phases: [Phase]
  let panelStride: Int
  /// Source rows and columns that any pixel reads; beyond the image where `needsBand`.
  private let sourceColumns: Range<Int>
  private let needsBand: Bool
  private let bandRowCapacity: Int

  /// Rows of a panel that are swept over all pixels together: 16 KiB, half a first-level cache.
  static let depthPerSlice = 256

  struct Phase: Sendable, Hashable {
    var phase: TapPhase
    /// The sum, cut into slices.
    var slices: [[PanelSegment]]
    /// The lowest and the highest row of any tap; nil without taps.
    var reach: ClosedRange<Int>?
  }

  /// - Parameters:
  ///   - height, width, channels: of the images that are read.
  ///   - columns: channels of the result.
  init(
    height: Int, width: Int, channels: Int, columns: Int, kernelTaps: Int, phases: [TapPhase],
    tiling: OutputTiling
  ) {
    self.height = height
    self.width = width
    self.channels = channels
    self.columns = columns
    self.tiling = tiling
    panelStride = kernelTaps * channels * PanelBlock.columns
    var xs = 0..<width, ys = 0..<height
    for phase in phases where !phase.taps.isEmpty {
      let rows = phase.rows(0..<tiling.height), columns = phase.columns(tiling.width)
      if rows.isEmpty || columns.isEmpty { continue }
      for tap in phase.taps {
        ys =
          min(
            ys.lowerBound, tap.y)..<max(
            ys.upperBound, (rows.upperBound - 1) * phase.sourceStepY + tap.y + 1)
        xs =
          min(
            xs.lowerBound, tap.x)..<max(
            xs.upperBound, (columns.upperBound - 1) * phase.sourceStepX + tap.x + 1)
      }
    }
    let needsBand = xs != 0..<width || ys != 0..<height
    self.needsBand = needsBand
    sourceColumns = xs
    let lineStride = xs.count * channels
    let cut = phases.map { phase in
      Phase(
        phase: phase, slices: Self.slices(phase.taps, channels: channels, lineStride: lineStride),
        reach: phase.taps.map(\.y).min().map { $0...phase.taps.map(\.y).max()! })
    }
    self.phases = cut
    bandRowCapacity =
      needsBand ? tiling.rowRanges.map { Self.sourceRows($0, cut).count }.max() ?? 0 : 0
  }

  private static func slices(
    _ taps: [Tap], channels: Int, lineStride: Int
  ) -> [[PanelSegment]] {
    var whole: [PanelSegment] = []
    for tap in taps where channels > 0 {
      let next = PanelSegment(
        source: tap.y * lineStride + tap.x * channels,
        weights: tap.index * channels * PanelBlock.columns, depth: channels)
      if let last = whole.last, last.source + last.depth == next.source,
        last.weights + last.depth * PanelBlock.columns == next.weights
      {
        whole[whole.count - 1].depth += next.depth
      } else {
        whole.append(next)
      }
    }
    var slices: [[PanelSegment]] = [[]]
    var room = depthPerSlice
    for var segment in whole {
      while segment.depth > 0 {
        if room == 0 {
          slices.append([])
          room = depthPerSlice
        }
        let depth = min(room, segment.depth)
        slices[slices.count - 1].append(
          PanelSegment(source: segment.source, weights: segment.weights, depth: depth))
        segment.source += depth
        segment.weights += depth * PanelBlock.columns
        segment.depth -= depth
        room -= depth
      }
    }
    return slices
  }

  /// The image rows that some rows of the result read. Allocates nothing: every tile asks.
  private static func sourceRows(_ rows: Range<Int>, _ phases: [Phase]) -> Range<Int> {
    var result: Range<Int>?
    for phase in phases {
      let positions = phase.phase.rows(rows)
      guard !positions.isEmpty, let reach = phase.reach else { continue }
      let from = positions.lowerBound * phase.phase.sourceStepY + reach.lowerBound
      let to = (positions.upperBound - 1) * phase.phase.sourceStepY + reach.upperBound + 1
      result = min(result?.lowerBound ?? from, from)..<max(result?.upperBound ?? to, to)
    }
    return result ?? 0..<0
  }

  // MARK: running

  var tileCount: Int { tiling.tileCount }
  private var bandElementCount: Int {
    tiling.imagesPerTile * bandRowCapacity * sourceColumns.count * channels
  }
  var scratchByteCount: Int { 16 * tiling.pixelsPerTile + 4 * bandElementCount + 64 }

  func run(
    tile index: Int, x: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    target: UnsafeMutablePointer<Float>, targetStride: Int, scratch: UnsafeMutableRawPointer
  ) {
    let tile = tiling.tile(index)
    let places = scratch.assumingMemoryBound(to: Int.self)
    let view = source(tile, x, scratch + 16 * tiling.pixelsPerTile)
    for phase in phases {
      let pixels = list(phase.phase, tile, view, places)
      for panel in stride(from: tile.channels.lowerBound, to: tile.channels.upperBound, by: 16) {
        for (number, slice) in phase.slices.enumerated() {
          slice.withUnsafeBufferPointer {
            PixelBlocks.add(
              $0, of: pixels, base: view.base,
              panel: weights + panel / PanelBlock.columns * panelStride,
              to: target + (panel - tile.channels.lowerBound), targetStride: targetStride,
              columns: min(16, tile.channels.upperBound - panel), first: number == 0)
          }
        }
      }
    }
  }

  /// Where the pixels of a tile are read.
  private struct Source {
    let base: UnsafePointer<Float>
    let imageStride: Int
    let lineStride: Int
    /// The image row and column at `base`.
    let firstRow: Int
    let firstColumn: Int
  }

  private func source(
    _ tile: OutputTiling.Tile, _ x: UnsafePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) -> Source {
    let line = width * channels
    let images = x + tile.images.lowerBound * height * line
    guard needsBand else {
      return Source(
        base: images, imageStride: height * line, lineStride: line, firstRow: 0, firstColumn: 0)
    }
    let rows = Self.sourceRows(tile.rows, phases)
    let bandLine = sourceColumns.count * channels
    let band = scratch.alignedUp(toMultipleOf: 64).assumingMemoryBound(to: Float.self)
    let copy = BandCopy(height: height, width: width, channels: channels)
    for image in 0..<tile.images.count {
      copy.run(
        image: images + image * height * line, rows: rows, columns: sourceColumns,
        into: band + image * rows.count * bandLine)
    }
    return Source(
      base: UnsafePointer(band), imageStride: rows.count * bandLine, lineStride: bandLine,
      firstRow: rows.lowerBound, firstColumn: sourceColumns.lowerBound)
  }

  /// Lists a phase's pixels of the tile.
  private func list(
    _ phase: TapPhase, _ tile: OutputTiling.Tile, _ source: Source,
    _ places: UnsafeMutablePointer<Int>
  ) -> PixelBlocks.Pixels {
    let sources = places, targets = places + tiling.pixelsPerTile
    let rows = phase.rows(tile.rows), columns = phase.columns(tiling.width)
    var count = 0
    for image in 0..<tile.images.count {
      for row in rows {
        let sourceRow = row &* phase.sourceStepY &- source.firstRow
        let sourceColumn = columns.lowerBound &* phase.sourceStepX &- source.firstColumn
        var from = image &* source.imageStride &+ sourceRow &* source.lineStride
        from &+= sourceColumn &* channels
        let outRow = phase.startY &+ row &* phase.outStepY &- tile.rows.lowerBound
        var to = (image &* tile.rows.count &+ outRow) &* tiling.width
        to &+= phase.startX &+ columns.lowerBound &* phase.outStepX
        for _ in columns {
          sources[count] = from
          targets[count] = to
          count &+= 1
          from &+= phase.sourceStepX &* channels
          to &+= phase.outStepX
        }
      }
    }
    return PixelBlocks.Pixels(sources: sources, targets: targets, count: count)
  }
}
