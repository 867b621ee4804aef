import RetortKernels
import Testing

/// Calls `body(x index, w index, y index)` for every product of a convolution of NHWC images.
func forEachProduct(_ g: ChannelsLastGeometry, _ body: (Int, Int, Int) -> Void) {
  for pixel in 0..<g.outPixels {
    let (image, place) = pixel.quotientAndRemainder(dividingBy: g.outHeight * g.outWidth)
    let (p, q) = place.quotientAndRemainder(dividingBy: g.outWidth)
    for tap in 0..<g.taps {
      let row = p * g.strideY - g.top + tap / g.kernelWidth * g.dilationY
      let column = q * g.strideX - g.left + tap % g.kernelWidth * g.dilationX
      guard (0..<g.height).contains(row), (0..<g.width).contains(column) else { continue }
      let source = ((image * g.height + row) * g.width + column) * g.channels
      for o in 0..<g.filters {
        for c in 0..<g.channels {
          body(source + c, (o * g.channels + c) * g.taps + tap, pixel * g.filters + o)
        }
      }
    }
  }
}

/// Runs a kernel tile by tile into the whole result, or each tile into a buffer of its own.
func result(
  of kernel: some ChannelsLastKernel, channels: Int, pixels: Int, x: [Float], weights: [Float],
  buffered: Bool = false
) -> [Float] {
  floats(pixels * channels) { y in
    forEachTile(kernel.tileCount, scratchByteCount: kernel.scratchByteCount) { tile, scratch in
      let block = kernel.block(ofTile: tile)
      let place = y + block.pixels.lowerBound * channels + block.channels.lowerBound
      guard buffered else {
        return kernel.run(
          tile: tile, x: x, weights: weights, target: place, targetStride: channels,
          scratch: scratch)
      }
      let width = block.channels.count
      let own = floats(block.pixels.count * width) {
        kernel.run(
          tile: tile, x: x, weights: weights, target: $0, targetStride: width, scratch: scratch)
      }
      for (index, value) in own.enumerated() {
        place[index / width * channels + index % width] = value
      }
    }
  }
}

func packed(_ packing: PanelPacking, _ weights: [Float]) -> [Float] {
  floats(packing.elementCount) { target in
    for tile in 0..<packing.tileCount { packing.run(tile: tile, weights: weights, packed: target) }
  }
}

@Suite struct ChannelsLastTests {
  static let geometries = [
    ChannelsLastGeometry(
      batch: 2, height: 7, width: 5, channels: 3, filters: 4, kernelHeight: 3, kernelWidth: 3,
      padding: (1, 1, 1, 1)),
    ChannelsLastGeometry(
      batch: 1, height: 1, width: 1, channels: 1, filters: 1, kernelHeight: 1, kernelWidth: 1),
    ChannelsLastGeometry(
      batch: 3, height: 6, width: 9, channels: 5, filters: 20, kernelHeight: 1, kernelWidth: 1),
    ChannelsLastGeometry(
      batch: 2, height: 9, width: 8, channels: 4, filters: 6, kernelHeight: 3, kernelWidth: 2,
      stride: (2, 3), padding: (0, 2, 1, 0), dilation: (2, 1)),
    ChannelsLastGeometry(
      batch: 2, height: 9, width: 7, channels: 3, filters: 6, kernelHeight: 3, kernelWidth: 4,
      stride: (2, 2), padding: (0, 1, 2, 3), dilation: (1, 2)),
    ChannelsLastGeometry(
      batch: 2, height: 8, width: 8, channels: 3, filters: 2, kernelHeight: 2, kernelWidth: 2,
      padding: (-1, -2, 3, 0)),
    ChannelsLastGeometry(
      batch: 1, height: 8, width: 8, channels: 17, filters: 33, kernelHeight: 2, kernelWidth: 2,
      stride: (1, 2), padding: (-1, 3, 0, -2)),
    ChannelsLastGeometry(
      batch: 1, height: 24, width: 24, channels: 40, filters: 10, kernelHeight: 3, kernelWidth: 3,
      padding: (1, 1, 1, 1)),
    ChannelsLastGeometry(
      batch: 2, height: 6, width: 6, channels: 3, filters: 4, kernelHeight: 4, kernelWidth: 4,
      stride: (2, 2), padding: (1, 1, 1, 1)),
    ChannelsLastGeometry(
      batch: 2, height: 5, width: 5, channels: 2, filters: 3, kernelHeight: 1, kernelWidth: 1,
      stride: (2, 2)),
    ChannelsLastGeometry(
      batch: 3, height: 10, width: 11, channels: 12, filters: 8, kernelHeight: 5, kernelWidth: 3,
      stride: (3, 3), padding: (2, 1, 2, 1), dilation: (2, 2)),
    ChannelsLastGeometry(
      batch: 5, height: 4, width: 4, channels: 130, filters: 150, kernelHeight: 3, kernelWidth: 3,
      padding: (1, 1, 1, 1)),
    ChannelsLastGeometry(
      batch: 1, height: 40, width: 37, channels: 3, filters: 64, kernelHeight: 3, kernelWidth: 3,
      padding: (1, 1, 1, 1)),
    ChannelsLastGeometry(
      batch: 1, height: 60, width: 50, channels: 2, filters: 5, kernelHeight: 3, kernelWidth: 3,
      stride: (3, 3), padding: (1, 0, 2, 1), dilation: (2, 2)),
    ChannelsLastGeometry(
      batch: 2, height: 2, width: 2, channels: 3, filters: 3, kernelHeight: 3, kernelWidth: 3,
      padding: (3, 3, 3, 3)),
  ]

  struct Case {
    let x, w, dy: [Float]

    init(_ g: ChannelsLastGeometry) {
      var numbers = Numbers(seed: UInt64(g.flops + 1))
      x = numbers.floats(g.pixels * g.channels)
      w = numbers.floats(g.filters * g.channels * g.taps)
      dy = numbers.floats(g.outPixels * g.filters)
    }
  }

  @Test(arguments: geometries)
  func directConvolutionsEqualTheDefinition(_ g: ChannelsLastGeometry) {
    let c = Case(g)
    var expected = [Double](repeating: 0, count: c.dy.count)
    var magnitude = expected
    forEachProduct(g) { x, w, y in
      let product = Double(c.x[x]) * Double(c.w[w])
      expected[y] += product
      magnitude[y] += abs(product)
    }
    let kernel = DirectConvolution(g)
    let weights = packed(.forward(g), c.w)
    let y = result(
      of: kernel, channels: g.filters, pixels: g.outPixels, x: c.x, weights: weights)
    #expect(worst(y, expected, relativeTo: magnitude) < 1e-6)
    let again = result(
      of: kernel, channels: g.filters, pixels: g.outPixels, x: c.x, weights: weights,
      buffered: true)
    #expect(again == y)
  }

  @Test(arguments: geometries)
  func inputGradientsAreTheAdjoints(_ g: ChannelsLastGeometry) {
    let c = Case(g)
    var expected = [Double](repeating: 0, count: c.x.count)
    var magnitude = expected
    forEachProduct(g) { x, w, y in
      let product = Double(c.w[w]) * Double(c.dy[y])
      expected[x] += product
      magnitude[x] += abs(product)
    }
    let kernel = DirectInputGradient(g)
    let weights = packed(.adjoint(g), c.w)
    let dx = result(
      of: kernel, channels: g.channels, pixels: g.pixels, x: c.dy, weights: weights)
    #expect(worst(dx, expected, relativeTo: magnitude) < 1e-6)
    let again = result(
      of: kernel, channels: g.channels, pixels: g.pixels, x: c.dy, weights: weights,
      buffered: true)
    #expect(again == dx)
  }

  @Test(arguments: geometries)
  func anImageDependsNeitherOnItsBatchNorOnTiles(_ one: ChannelsLastGeometry) {
    var many = one
    many.batch = one.batch * 40
    let c = Case(one)
    let x = Array(repeatElement(c.x, count: 40).joined())
    let dy = Array(repeatElement(c.dy, count: 40).joined())
    let forward = packed(.forward(one), c.w), adjoint = packed(.adjoint(one), c.w)
    func y(_ g: ChannelsLastGeometry, _ x: [Float]) -> [Float] {
      result(
        of: DirectConvolution(g), channels: g.filters, pixels: g.outPixels, x: x,
        weights: forward)
    }
    func dx(_ g: ChannelsLastGeometry, _ dy: [Float]) -> [Float] {
      result(
        of: DirectInputGradient(g), channels: g.channels, pixels: g.pixels, x: dy,
        weights: adjoint)
    }
    let few = y(one, c.x), all = y(many, x)
    #expect(few == Array(all.suffix(few.count)))
    let few2 = dx(one, c.dy), all2 = dx(many, dy)
    #expect(few2 == Array(all2.suffix(few2.count)))
  }

  @Test(arguments: geometries)
  func kernelGradientsAreTheAdjoints(_ one: ChannelsLastGeometry) {
    for batch in [one.batch, one.batch * 9] {
      var g = one
      g.batch = batch
      let c = Case(g)
      var expected = [Double](repeating: 0, count: c.w.count)
      var magnitude = expected
      forEachProduct(g) { x, w, y in
        let product = Double(c.x[x]) * Double(c.dy[y])
        expected[w] += product
        magnitude[w] += abs(product)
      }
      let kernel = ConvolutionKernelGradientLast(g)
      let partials = floats(kernel.partialByteCount / 4) { partials in
        forEachTile(kernel.tileCount, scratchByteCount: kernel.scratchByteCount) {
          kernel.run(tile: $0, x: c.x, dy: c.dy, partials: partials, scratch: $1)
        }
      }
      let dw = floats(c.w.count) { dw in
        for tile in (0..<kernel.finishTileCount).reversed() {
          kernel.finish(tile: tile, partials: partials, dw: dw)
        }
      }
      #expect(worst(dw, expected, relativeTo: magnitude) < 1e-6)
    }
  }
}
