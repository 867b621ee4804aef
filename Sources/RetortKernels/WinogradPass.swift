import RetortTensor

/// One tile of a Winograd convolution: a few squares at a time are transformed into V, multiplied
/// by the weights of a group of panels into M, and transformed back into the result.
///
/// Layouts: `V: [points², squares, channels]`, rows padded to whole cache lines and one line between
/// positions, so that they do not all meet in one set of the cache; `M: [panels, squares, points²,
/// 16]`, so that the output transform reads it from end to end.
struct WinogradPass<let points: Int> {
  let kernel: WinogradKernel
  /// V, M, a square between its two transforms, and zeros for pixels outside of the image.
  private let transformed: UnsafeMutablePointer<Float>
  private let products: UnsafeMutablePointer<Float>
  private let halfway: UnsafeMutablePointer<Float>
  private let zeros: UnsafeMutablePointer<Float>
  private let pixels: UnsafeMutablePointer<UnsafePointer<Float>>

  private static var positions: Int { points * points }
  /// Of `halfway`.
  private static var halfwayCount: Int { points * points * LaneBlock.count }

  private static func rowStride(_ kernel: WinogradKernel) -> Int {
    roundUp(kernel.geometry.channels, PanelBlock.columns)
  }

  private static func positionStride(_ kernel: WinogradKernel) -> Int {
    let lines = kernel.blocking.squaresPerPass * rowStride(kernel) / PanelBlock.columns
    return (lines | 1) * PanelBlock.columns
  }

  private static func productCount(_ kernel: WinogradKernel) -> Int {
    let b = kernel.blocking
    return b.panelsPerGroup * b.squaresPerPass * positions * PanelBlock.columns
  }

  static func byteCount(_ kernel: WinogradKernel) -> Int {
    let elements =
      positions * positionStride(kernel) + productCount(kernel) + halfwayCount + rowStride(kernel)
    return 4 * elements + positions * MemoryLayout<UnsafePointer<Float>>.stride + 64
  }

  init(_ kernel: WinogradKernel, _ scratch: UnsafeMutableRawPointer) {
    self.kernel = kernel
    transformed = scratch.alignedUp(toMultipleOf: 64).assumingMemoryBound(to: Float.self)
    products = transformed + Self.positions * Self.positionStride(kernel)
    halfway = products + Self.productCount(kernel)
    zeros = halfway + Self.halfwayCount
    pixels = UnsafeMutableRawPointer(zeros + Self.rowStride(kernel)).assumingMemoryBound(
      to: UnsafePointer<Float>.self)
  }

  func run(
    bands: Range<Int>, block: OutputBlock, x: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    target: UnsafeMutablePointer<Float>, targetStride: Int
  ) {
    let grid = kernel.grid
    let blocking = kernel.blocking
    zeros.update(repeating: 0, count: kernel.geometry.channels)
    let panels =
      block.channels.lowerBound
      / PanelBlock.columns..<(block.channels.upperBound + PanelBlock.columns - 1)
      / PanelBlock.columns
    let last = bands.upperBound * grid.across
    var first = bands.lowerBound * grid.across
    while first < last {
      let squares = first..<min(first + blocking.squaresPerPass, last)
      transformInputs(squares, x)
      var panel = panels.lowerBound
      while panel < panels.upperBound {
        let group = panel..<min(panel + blocking.panelsPerGroup, panels.upperBound)
        multiply(squares.count, group, weights)
        transformOutputs(squares, group, block, target, targetStride)
        panel = group.upperBound
      }
      first = squares.upperBound
    }
  }

  // MARK: input

  private func transformInputs(_ squares: Range<Int>, _ x: UnsafePointer<Float>) {
    let g = kernel.geometry
    let rowStride = Self.rowStride(kernel)
    let positionStride = Self.positionStride(kernel)
    var place = kernel.grid.place(ofSquare: squares.lowerBound)
    var target = transformed
    for _ in squares {
      locatePixels(place, x)
      InputLoop(
        pixels: pixels, halfway: halfway, target: target, positionStride: positionStride
      ).run(count: g.channels)
      target += rowStride
      kernel.grid.advance(&place)
    }
  }

  /// Points at the pixels that a square reads.
  @inline(__always)
  private func locatePixels(_ place: WinogradGrid.Place, _ x: UnsafePointer<Float>) {
    let g = kernel.geometry
    let top = place.row &* kernel.side &- g.top
    let left = place.column &* kernel.side &- g.left
    for i in 0..<points {
      let row = top &+ i
      let line = x + (place.image &* g.height &+ row) &* g.width &* g.channels
      for j in 0..<points {
        let column = left &+ j
        let inside = row >= 0 && row < g.height && column >= 0 && column < g.width
        pixels[i &* points &+ j] = inside ? line + column &* g.channels : UnsafePointer(zeros)
      }
    }
  }

  private struct InputLoop: ChannelLoop {
    let pixels: UnsafePointer<UnsafePointer<Float>>
    let halfway: UnsafeMutablePointer<Float>
    let target: UnsafeMutablePointer<Float>
    let positionStride: Int

    @inline(__always)
    func body<L: ChannelLanes>(_ lanes: L.Type, first: Int) {
      for j in 0..<points {
        var line = InlineArray<points, L>(repeating: .zero)
        for i in 0..<points { line[i] = L.load(pixels[i &* points &+ j] + first) }
        line = WinogradLines.input(line)
        for i in 0..<points { line[i].store(halfway + (i &* points &+ j) &* L.count) }
      }
      var lower = target + first
      var upper = lower + points / 2 &* positionStride
      for i in 0..<points {
        var line = InlineArray<points, L>(repeating: .zero)
        for j in 0..<points { line[j] = L.load(halfway + (i &* points &+ j) &* L.count) }
        line = WinogradLines.input(line)
        for j in 0..<points / 2 { line[j].store(lower + j &* positionStride) }
        for j in points / 2..<points { line[j].store(upper + (j &- points / 2) &* positionStride) }
        lower += points &* positionStride
        upper += points &* positionStride
      }
    }
  }

  // MARK: products

  private func multiply(_ squares: Int, _ panels: Range<Int>, _ weights: UnsafePointer<Float>) {
    let depth = kernel.geometry.channels
    let rowStride = Self.rowStride(kernel)
    let positionStride = Self.positionStride(kernel)
    let panelCount = roundUp(kernel.geometry.filters, PanelBlock.columns) / PanelBlock.columns
    let productStride = Self.positions * PanelBlock.columns
    func panelStart(_ position: Int, _ panel: Int) -> UnsafePointer<Float> {
      weights + (position &* panelCount &+ panel) &* depth &* PanelBlock.columns
    }
    for position in 0..<Self.positions {
      for panel in panels {
        let isLast = panel &+ 1 == panels.upperBound
        PanelRows.multiply(
          rows: squares, depth: depth, a: transformed + position &* positionStride,
          aStride: rowStride, b: panelStart(position, panel),
          c: products + (panel &- panels.lowerBound) &* kernel.blocking.squaresPerPass
            &* productStride + position &* PanelBlock.columns, cStride: productStride,
          ahead: isLast
            ? panelStart(position &+ 1, panels.lowerBound) : panelStart(position, panel &+ 1))
      }
    }
  }

  // MARK: output

  private func transformOutputs(
    _ squares: Range<Int>, _ panels: Range<Int>, _ block: OutputBlock,
    _ target: UnsafeMutablePointer<Float>, _ targetStride: Int
  ) {
    let g = kernel.geometry
    let side = points - 2
    let squareStride = Self.positions * PanelBlock.columns
    var place = kernel.grid.place(ofSquare: squares.lowerBound)
    var source = UnsafePointer(products)
    for _ in squares {
      let (top, left) = (place.row &* side, place.column &* side)
      let pixel = (place.image &* g.outHeight &+ top) &* g.outWidth &+ left
      let corner = target + (pixel &- block.pixels.lowerBound) &* targetStride
      for panel in panels {
        let channel = panel &* PanelBlock.columns &- block.channels.lowerBound
        OutputLoop(
          source: source
            + (panel &- panels.lowerBound) &* kernel.blocking.squaresPerPass &* squareStride,
          halfway: halfway, target: corner + channel, rows: min(side, g.outHeight &- top),
          columns: min(side, g.outWidth &- left), rowStride: g.outWidth &* targetStride,
          columnStride: targetStride
        ).run(count: min(PanelBlock.columns, block.channels.count &- channel))
      }
      source += squareStride
      kernel.grid.advance(&place)
    }
  }

  private struct OutputLoop: ChannelLoop {
    /// One square and panel of M.
    let source: UnsafePointer<Float>
    let halfway: UnsafeMutablePointer<Float>
    /// The square's first pixel and the panel's first channel in the result.
    let target: UnsafeMutablePointer<Float>
    /// Of the square inside the result.
    let rows: Int
    let columns: Int
    let rowStride: Int
    let columnStride: Int

    @inline(__always)
    func body<L: ChannelLanes>(_ lanes: L.Type, first: Int) {
      let source = source + first
      for j in 0..<points {
        var line = InlineArray<points, L>(repeating: .zero)
        for i in 0..<points {
          line[i] = L.load(source + (i &* points &+ j) &* PanelBlock.columns)
        }
        line = WinogradLines.output(line)
        for i in 0..<points - 2 { line[i].store(halfway + (i &* points &+ j) &* L.count) }
      }
      for i in 0..<rows {
        var line = InlineArray<points, L>(repeating: .zero)
        for j in 0..<points { line[j] = L.load(halfway + (i &* points &+ j) &* L.count) }
        line = WinogradLines.output(line)
        let place = target + first + i &* rowStride
        if columns == points - 2 {
          for j in 0..<points - 2 { line[j].store(place + j &* columnStride) }
        } else {
          for j in 0..<columns { line[j].store(place + j &* columnStride) }
        }
      }
    }
  }
}
