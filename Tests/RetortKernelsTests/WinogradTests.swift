import RetortKernels
import Testing

@Suite struct WinogradTests {
  private static func geometry(
    _ batch: Int, _ height: Int, _ width: Int, _ channels: Int, _ filters: Int,
    padding: (top: Int, left: Int, bottom: Int, right: Int) = (1, 1, 1, 1)
  ) -> ChannelsLastGeometry {
    ChannelsLastGeometry(
      batch: batch, height: height, width: width, channels: channels, filters: filters,
      kernelHeight: 3, kernelWidth: 3, padding: padding)
  }

  static let geometries = [
    geometry(2, 8, 8, 16, 16),
    geometry(1, 1, 1, 1, 1),
    geometry(3, 7, 5, 3, 20),
    geometry(2, 9, 6, 10, 17, padding: (0, 0, 0, 0)),
    geometry(2, 5, 11, 8, 12, padding: (2, 2, 2, 2)),
    geometry(1, 6, 7, 33, 40, padding: (0, 2, 1, 0)),
    geometry(1, 10, 9, 12, 5, padding: (-1, 1, 0, -2)),
    geometry(2, 4, 4, 70, 130),
    geometry(9, 32, 32, 4, 8),
    geometry(1, 5, 150, 5, 16),
    geometry(0, 4, 4, 4, 4),
    geometry(2, 2, 3, 4, 4, padding: (0, 0, 0, 0)),
  ]

  private struct Case {
    let g: ChannelsLastGeometry
    let x, w, dy: [Float]

    init(_ g: ChannelsLastGeometry) {
      self.g = g
      var numbers = Numbers(seed: UInt64(g.flops + g.height))
      x = numbers.floats(g.pixels * g.channels)
      w = numbers.floats(g.filters * g.channels * 9)
      dy = numbers.floats(g.outPixels * g.filters)
    }

    /// Calls `body(x index, w index, y index)` for every product of the convolution.
    func forEachProduct(_ body: (Int, Int, Int) -> Void) {
      for p in 0..<g.outPixels {
        let (image, place) = p.quotientAndRemainder(dividingBy: g.outHeight * g.outWidth)
        for tap in 0..<9 {
          let row = place / g.outWidth - g.top + tap / 3
          let column = place % g.outWidth - g.left + tap % 3
          guard (0..<g.height).contains(row), (0..<g.width).contains(column) else { continue }
          let pixel = (image * g.height + row) * g.width + column
          for o in 0..<g.filters {
            for c in 0..<g.channels {
              body(pixel * g.channels + c, (o * g.channels + c) * 9 + tap, p * g.filters + o)
            }
          }
        }
      }
    }
  }

  /// Every tile into the result itself, or into a buffer of its own that is then copied.
  private func run(
    _ kernel: WinogradKernel, x: [Float], packed: [Float], channels: Int, count: Int,
    throughBuffer: Bool = false
  ) -> [Float] {
    floats(count) { y in
      forEachTile(kernel.tileCount, scratchByteCount: kernel.scratchByteCount) { tile, scratch in
        let block = kernel.block(ofTile: tile)
        let (pixels, width) = (block.pixels, block.channels.count)
        let target = y + pixels.lowerBound * channels + block.channels.lowerBound
        guard throughBuffer else {
          kernel.run(
            tile: tile, x: x, weights: packed, target: target, targetStride: channels,
            scratch: scratch)
          return
        }
        let buffer = floats(pixels.count * width) {
          kernel.run(
            tile: tile, x: x, weights: packed, target: $0, targetStride: width, scratch: scratch)
        }
        for i in buffer.indices { target[i / width * channels + i % width] = buffer[i] }
      }
    }
  }

  private func packed(_ w: [Float], _ weights: WinogradWeights) -> [Float] {
    floats(weights.elementCount) { packed in
      forEachTile(weights.tileCount) { tile, _ in weights.run(tile: tile, w: w, packed: packed) }
    }
  }

  /// The largest errors over these geometries are 5.1e-7 of the sum of magnitudes for squares of 2,
  /// 2.9e-6 for squares of 4.
  private static let bounds = [2: 1e-6, 4: 5e-6]

  @Test(arguments: geometries, [2, 4])
  func forwardEqualsTheDefinition(_ g: ChannelsLastGeometry, side: Int) {
    let c = Case(g)
    var expected = [Double](repeating: 0, count: c.dy.count)
    var magnitudes = expected
    c.forEachProduct { x, w, y in
      expected[y] += Double(c.x[x]) * Double(c.w[w])
      magnitudes[y] += abs(Double(c.x[x]) * Double(c.w[w]))
    }
    let weights = packed(
      c.w, WinogradWeights(side: side, filters: g.filters, channels: g.channels))
    let kernel = WinogradKernel(g, side: side)
    for throughBuffer in [false, true] {
      let y = run(
        kernel, x: c.x, packed: weights, channels: g.filters, count: c.dy.count,
        throughBuffer: throughBuffer)
      #expect(worst(y, expected, relativeTo: smoothed(magnitudes)) < Self.bounds[side]!)
    }
  }

  @Test(arguments: geometries, [2, 4])
  func inputGradientIsTheAdjoint(_ g: ChannelsLastGeometry, side: Int) {
    let c = Case(g)
    var expected = [Double](repeating: 0, count: c.x.count)
    var magnitudes = expected
    c.forEachProduct { x, w, y in
      expected[x] += Double(c.dy[y]) * Double(c.w[w])
      magnitudes[x] += abs(Double(c.dy[y]) * Double(c.w[w]))
    }
    let weights = packed(
      c.w,
      WinogradWeights(
        side: side, filters: g.filters, channels: g.channels, forInputGradient: true))
    let kernel = WinogradKernel(inputGradientOf: g, side: side)
    let dx = run(kernel, x: c.dy, packed: weights, channels: g.channels, count: c.x.count)
    #expect(worst(dx, expected, relativeTo: smoothed(magnitudes)) < Self.bounds[side]!)
  }

  /// At least the mean magnitude: errors of an element come from its whole square.
  private func smoothed(_ magnitudes: [Double]) -> [Double] {
    let mean = magnitudes.reduce(0, +) / Double(max(1, magnitudes.count))
    return magnitudes.map { max($0, mean) }
  }

  @Test(arguments: [2, 4])
  func tilesCoverTheResultOnce(_ side: Int) {
    for g in Self.geometries + [
      Self.geometry(7, 4, 4, 512, 512), Self.geometry(5, 16, 16, 64, 320),
    ] {
      let kernel = WinogradKernel(g, side: side)
      var covered = [Int](repeating: 0, count: g.outPixels * g.filters)
      for tile in 0..<kernel.tileCount {
        let block = kernel.block(ofTile: tile)
        #expect(block.channels.lowerBound % 16 == 0)
        for pixel in block.pixels {
          for channel in block.channels { covered[pixel * g.filters + channel] += 1 }
        }
      }
      #expect(covered.allSatisfy { $0 == 1 })
    }
  }

  @Test(arguments: [2, 4], [(20, 16), (24, 130), (7, 3)])
  func anImageDependsNeitherOnTheBatchNorOnTiles(_ side: Int, channels: (Int, Int)) {
    let c = Case(Self.geometry(11, 9, 10, channels.0, channels.1))
    let weights = packed(
      c.w, WinogradWeights(side: side, filters: c.g.filters, channels: c.g.channels))
    func result(_ images: Range<Int>) -> [Float] {
      var g = c.g
      g.batch = images.count
      let perImage = c.x.count / c.g.batch
      return run(
        WinogradKernel(g, side: side),
        x: Array(c.x[(images.lowerBound * perImage)..<(images.upperBound * perImage)]),
        packed: weights, channels: g.filters, count: g.outPixels * g.filters)
    }
    let all = result(0..<11)
    let perImage = all.count / 11
    #expect(result(4..<5) == Array(all[(4 * perImage)..<(5 * perImage)]))
    #expect(result(3..<10) == Array(all[(3 * perImage)..<(10 * perImage)]))
  }

  @Test(arguments: [2, 4])
  func packedWeightsHaveZerosBehindTheLastColumn(_ side: Int) {
    var numbers = Numbers(seed: 2)
    let w = numbers.floats(18 * 5 * 9)
    let weights = WinogradWeights(side: side, filters: 18, channels: 5)
    let u = packed(w, weights)
    #expect(weights.extents == [(side + 2) * (side + 2), 2, 5, 16])
    for line in 0..<u.count / 16 where line / 5 % 2 == 1 {
      #expect(u[(line * 16 + 2)..<(line * 16 + 16)].allSatisfy { $0 == 0 })
    }
    // Position (0, 0) is the tap (0, 0) times the square of the first factor; the last position is
    // the tap (2, 2).
    let scale: Float = side == 4 ? 1.0 / 16 : 1
    #expect(u[3 * 16 + 1] == w[(1 * 5 + 3) * 9] * scale)
    let last = ((u.count / 16 / 10) - 1) * 10 + 3
    #expect(u[last * 16 + 1] == w[(1 * 5 + 3) * 9 + 8])
  }
}
