import RetortTensor

/// The adjoint of a convolution in images of few channels, such as the first layer of a network.
///
/// Sixteen columns of three channels would waste thirteen; so the columns are all taps of all
/// channels, `z[p, (u, v, c)] = Σ_o dy[p, o] · w[o, c, u, v]` (27 of 32 for 3×3×3), and each pixel
/// of the image then collects what its taps hold, row by row of the kernel. The last few rows of
/// `z` stay in the first-level cache meanwhile.
struct SpreadingInputGradient: Sendable, Hashable {
  let geometry: ChannelsLastGeometry
  let tiling: OutputTiling
  private let depth: [PanelSegment]
  /// For each column of the image, from `starts[x]` to `starts[x + 1]`, where its taps stand in a
  /// row of `z`.
  private let places: [Int]
  private let starts: [Int]

  /// Whether this wastes less than panels of the channels themselves.
  static func pays(_ g: ChannelsLastGeometry) -> Bool {
    g.channels <= 8 && 2 * panels(g) <= g.taps
  }

  private static func panels(_ g: ChannelsLastGeometry) -> Int {
    OutputTiling.quotientUp(g.taps * g.channels, PanelBlock.columns)
  }

  init(_ g: ChannelsLastGeometry) {
    geometry = g
    // The products, spread over a pixel's single panel.
    tiling = OutputTiling(
      batch: g.batch, height: g.height, width: g.width, channels: g.channels,
      depth: g.filters * Self.panels(g))
    depth = [PanelSegment(source: 0, weights: 0, depth: g.filters)]
    let lineStride = Self.panels(g) * PanelBlock.columns
    var places: [Int] = []
    var starts = [0]
    for x in 0..<g.width {
      for v in 0..<g.kernelWidth {
        let from = x + g.left - v * g.dilationX
        guard from >= 0, from.isMultiple(of: g.strideX), from / g.strideX < g.outWidth else {
          continue
        }
        places.append(from / g.strideX * lineStride + v * g.channels)
      }
      starts.append(places.count)
    }
    self.places = places
    self.starts = starts
  }

  private var panels: Int { Self.panels(geometry) }
  private var lineStride: Int { panels * PanelBlock.columns }
  /// Rows of `z` that a row of the image may need.
  private var keptRows: Int {
    (geometry.kernelHeight - 1) * geometry.dilationY / geometry.strideY + 1
  }
  private var rowStride: Int { geometry.outWidth * lineStride }

  var scratchByteCount: Int {
    let packed = panels * geometry.filters * PanelBlock.columns
    let lists = 16 * geometry.outWidth + 8 * geometry.kernelHeight
    // Loads of four channels may pass the last product.
    return lists + 64 + 4 * (packed + keptRows * rowStride + 8)
  }

  func run(
    tile index: Int, dy: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    target: UnsafeMutablePointer<Float>, targetStride: Int, scratch: UnsafeMutableRawPointer
  ) {
    let g = geometry
    let tile = tiling.tile(index)
    let sources = scratch.assumingMemoryBound(to: Int.self)
    for pixel in 0..<g.outWidth {
      sources[pixel] = pixel * g.filters
      sources[g.outWidth + pixel] = pixel
    }
    let kernelRows = sources + 2 * g.outWidth
    let packed = UnsafeMutableRawPointer(kernelRows + g.kernelHeight)
      .alignedUp(toMultipleOf: 64).assumingMemoryBound(to: Float.self)
    let products = packed + panels * g.filters * PanelBlock.columns
    (products + keptRows * rowStride).update(repeating: 0, count: 8)
    pack(weights, into: packed)
    let pixels = PixelBlocks.Pixels(
      sources: sources, targets: sources + g.outWidth, count: g.outWidth)
    var to = target
    for image in tile.images {
      // The first row of dy that any tap of the tile's rows reads.
      let first = tile.rows.lowerBound + g.top - (g.kernelHeight - 1) * g.dilationY
      var done = OutputTiling.quotientUp(max(0, first), g.strideY)
      for row in tile.rows {
        // The rows of dy that reach this one, and the taps by which they do.
        var count = 0
        for u in (0..<g.kernelHeight).reversed() {
          let reach = row + g.top - u * g.dilationY
          guard reach >= 0, reach.isMultiple(of: g.strideY) else { continue }
          let from = reach / g.strideY
          guard from < g.outHeight else { continue }
          while done <= from {
            let line = dy + (image * g.outHeight + done) * g.outWidth * g.filters
            multiply(pixels, line, packed, products + done % keptRows * rowStride)
            done += 1
          }
          kernelRows[count] = from % keptRows * rowStride + u * g.kernelWidth * g.channels
          count += 1
        }
        collect(products, kernelRows, count, to, targetStride)
        to += g.width * targetStride
      }
    }
  }

  /// The products of one row of `dy`.
  private func multiply(
    _ pixels: PixelBlocks.Pixels, _ line: UnsafePointer<Float>, _ packed: UnsafePointer<Float>,
    _ products: UnsafeMutablePointer<Float>
  ) {
    depth.withUnsafeBufferPointer { segments in
      for panel in 0..<panels {
        PixelBlocks.add(
          segments, of: pixels, base: line,
          panel: packed + panel * geometry.filters * PanelBlock.columns,
          to: products + panel * PanelBlock.columns, targetStride: lineStride,
          columns: PanelBlock.columns, first: true)
      }
    }
  }

  /// From a panel of channels for each tap to panels of taps and channels.
  private func pack(_ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>) {
    let g = geometry
    packed.update(repeating: 0, count: panels * g.filters * PanelBlock.columns)
    for tap in 0..<g.taps {
      for channel in 0..<g.channels {
        let (panel, lane) = (tap * g.channels + channel)
          .quotientAndRemainder(dividingBy: PanelBlock.columns)
        let from = weights + (tap * g.filters * PanelBlock.columns + channel)
        let to = packed + (panel * g.filters * PanelBlock.columns + lane)
        for k in 0..<g.filters {
          to[k &* PanelBlock.columns] = from[k &* PanelBlock.columns]
        }
      }
    }
  }

  /// Adds up one row of the image.
  private func collect(
    _ products: UnsafePointer<Float>, _ kernelRows: UnsafePointer<Int>, _ count: Int,
    _ target: UnsafeMutablePointer<Float>, _ targetStride: Int
  ) {
    let g = geometry
    places.withUnsafeBufferPointer { places in
      starts.withUnsafeBufferPointer { starts in
        for x in 0..<g.width {
          for first in stride(from: 0, to: g.channels, by: 4) {
            var sum = SIMD4<Float>.zero
            for row in 0..<count {
              let line = products + (kernelRows[row] &+ first)
              for place in starts[x]..<starts[x &+ 1] {
                sum += UnsafeRawPointer(line + places[place])
                  .loadUnaligned(as: SIMD4<Float>.self)
              }
            }
            let to = target + (x &* targetStride &+ first)
            for lane in 0..<min(4, g.channels &- first) { to[lane] = sum[lane] }
          }
        }
      }
    }
  }
}
