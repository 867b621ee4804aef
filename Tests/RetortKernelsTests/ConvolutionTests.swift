import RetortKernels
import Testing

@Suite struct ConvolutionTests {
  static let geometries = [
    ConvolutionGeometry(
      batch: 2, channels: 3, height: 7, width: 5, filters: 4, kernelHeight: 3, kernelWidth: 3,
      padding: (1, 1, 1, 1)),
    ConvolutionGeometry(
      batch: 1, channels: 1, height: 1, width: 1, filters: 1, kernelHeight: 1, kernelWidth: 1),
    ConvolutionGeometry(
      batch: 3, channels: 5, height: 6, width: 9, filters: 7, kernelHeight: 1, kernelWidth: 1),
    ConvolutionGeometry(
      batch: 2, channels: 4, height: 9, width: 8, filters: 6, kernelHeight: 3, kernelWidth: 2,
      stride: (2, 3), padding: (0, 2, 1, 0), dilation: (2, 1), groups: 2),
    ConvolutionGeometry(
      batch: 2, channels: 6, height: 8, width: 35, filters: 6, kernelHeight: 3, kernelWidth: 3,
      padding: (1, 1, 1, 1), groups: 6),
    ConvolutionGeometry(
      batch: 2, channels: 3, height: 9, width: 7, filters: 6, kernelHeight: 3, kernelWidth: 4,
      stride: (2, 2), padding: (0, 1, 2, 3), dilation: (1, 2), groups: 3),
    ConvolutionGeometry(
      batch: 2, channels: 3, height: 8, width: 8, filters: 2, kernelHeight: 2, kernelWidth: 2,
      padding: (-1, -2, 3, 0)),
    ConvolutionGeometry(
      batch: 1, channels: 2, height: 8, width: 8, filters: 2, kernelHeight: 2, kernelWidth: 2,
      padding: (-1, 3, 0, -2), groups: 2),
    ConvolutionGeometry(
      batch: 1, channels: 32, height: 6, width: 6, filters: 10, kernelHeight: 3, kernelWidth: 3,
      padding: (1, 1, 1, 1)),
    ConvolutionGeometry(
      batch: 1, channels: 2, height: 24, width: 24, filters: 9, kernelHeight: 3, kernelWidth: 3,
      padding: (1, 1, 1, 1)),
    ConvolutionGeometry(
      batch: 2, channels: 3, height: 6, width: 6, filters: 4, kernelHeight: 4, kernelWidth: 4,
      stride: (2, 2), padding: (1, 1, 1, 1)),
    ConvolutionGeometry(
      batch: 2, channels: 2, height: 5, width: 5, filters: 3, kernelHeight: 1, kernelWidth: 1,
      stride: (2, 2)),
    // Planes padded to these extents would not fit any memory, or fill gigabytes of it.
    ConvolutionGeometry(
      batch: 1, channels: 2, height: 4, width: 4, filters: 2, kernelHeight: 1, kernelWidth: 1,
      stride: (1_000_000_000, 1_000_000_000),
      padding: (1_000_000_000, 1_000_000_000, 1_000_000_000, 1_000_000_000), groups: 2),
    ConvolutionGeometry(
      batch: 1, channels: 2, height: 4, width: 4, filters: 2, kernelHeight: 2, kernelWidth: 2,
      padding: (20_000, 20_000, 20_000, 20_000), dilation: (40_000, 40_000), groups: 2),
  ]

  /// Calls `body(x index, w index, y index)` for every product of the convolution.
  private func forEachProduct(_ g: ConvolutionGeometry, _ body: (Int, Int, Int) -> Void) {
    let perGroup = g.channels / g.groups
    for n in 0..<g.batch {
      for o in 0..<g.filters {
        for p in 0..<g.outHeight {
          for q in 0..<g.outWidth {
            let y = ((n * g.filters + o) * g.outHeight + p) * g.outWidth + q
            for c in 0..<perGroup {
              let channel = o / (g.filters / g.groups) * perGroup + c
              for u in 0..<g.kernelHeight {
                for v in 0..<g.kernelWidth {
                  let row = p * g.strideY - g.top + u * g.dilationY
                  let column = q * g.strideX - g.left + v * g.dilationX
                  guard (0..<g.height).contains(row), (0..<g.width).contains(column) else {
                    continue
                  }
                  body(
                    ((n * g.channels + channel) * g.height + row) * g.width + column,
                    ((o * perGroup + c) * g.kernelHeight + u) * g.kernelWidth + v, y)
                }
              }
            }
          }
        }
      }
    }
  }

  private struct Case {
    let g: ConvolutionGeometry
    let x, w, dy: [Float]

    init(_ g: ConvolutionGeometry) {
      self.g = g
      var numbers = Numbers(seed: UInt64(g.flops + 1))
      x = numbers.floats(g.batch * g.channels * g.height * g.width)
      w = numbers.floats(g.filters * g.channels / g.groups * g.kernelHeight * g.kernelWidth)
      dy = numbers.floats(g.batch * g.filters * g.outHeight * g.outWidth)
    }
  }

  @Test(arguments: geometries, ConvolutionMethod.allCases)
  func forwardEqualsTheDefinition(_ g: ConvolutionGeometry, method: ConvolutionMethod) {
    BLAS.setThreads(1)
    let c = Case(g)
    var expected = [Double](repeating: 0, count: c.dy.count)
    forEachProduct(g) { x, w, y in expected[y] += Double(c.x[x]) * Double(c.w[w]) }
    let kernel = ConvolutionForward(g, method: method)
    let y = floats(c.dy.count) { y in
      forEachTile(kernel.tileCount, scratchByteCount: kernel.scratchByteCount) {
        kernel.run(tile: $0, x: c.x, weights: c.w, y: y, scratch: $1)
      }
    }
    #expect(worst(y, expected) < 1e-5)
  }

  @Test(arguments: geometries, ConvolutionMethod.allCases)
  func gradientsAreTheAdjoints(_ g: ConvolutionGeometry, method: ConvolutionMethod) {
    BLAS.setThreads(1)
    let c = Case(g)
    var dx = [Double](repeating: 0, count: c.x.count)
    var dw = [Double](repeating: 0, count: c.w.count)
    // The sums of magnitudes, to which rounding errors are proportional.
    var dxMagnitude = dx, dwMagnitude = dw
    forEachProduct(g) { x, w, y in
      let toX = Double(c.w[w]) * Double(c.dy[y]), toW = Double(c.x[x]) * Double(c.dy[y])
      dx[x] += toX
      dw[w] += toW
      dxMagnitude[x] += abs(toX)
      dwMagnitude[w] += abs(toW)
    }
    let input = ConvolutionInputGradient(g, method: method)
    let inputGradient = floats(dx.count) { dx in
      forEachTile(input.tileCount, scratchByteCount: input.scratchByteCount) {
        input.run(tile: $0, dy: c.dy, weights: c.w, dx: dx, scratch: $1)
      }
    }
    #expect(worst(inputGradient, dx, relativeTo: dxMagnitude) < 1e-6)
    let kernel = ConvolutionKernelGradient(g, method: method)
    let kernelGradient = floats(dw.count) { dw in
      forEachTile(kernel.tileCount, scratchByteCount: kernel.scratchByteCount) {
        kernel.run(tile: $0, x: c.x, dy: c.dy, dw: dw, scratch: $1)
      }
    }
    #expect(worst(kernelGradient, dw, relativeTo: dwMagnitude) < 1e-6)
  }

  @Test(arguments: ConvolutionMethod.allCases)
  func anImageDoesNotDependOnItsBatch(_ method: ConvolutionMethod) {
    var g = Self.geometries[0]
    let c = Case(g)
    func forward(_ g: ConvolutionGeometry, _ x: [Float]) -> [Float] {
      let kernel = ConvolutionForward(g, method: method)
      return floats(g.batch * g.filters * g.outHeight * g.outWidth) { y in
        forEachTile(kernel.tileCount, scratchByteCount: kernel.scratchByteCount) {
          kernel.run(tile: $0, x: x, weights: c.w, y: y, scratch: $1)
        }
      }
    }
    let both = forward(g, c.x)
    g.batch = 1
    let second = forward(g, Array(c.x[(c.x.count / 2)...]))
    #expect(second == Array(both[(both.count / 2)...]))
  }

  @Test func matchesTheAcceptanceVectors() {
    let g = ConvolutionGeometry(
      batch: 1, channels: 1, height: 4, width: 4, filters: 1, kernelHeight: 3, kernelWidth: 3,
      stride: (2, 2), padding: (0, 0, 1, 1))
    let x = acceptanceInput(16), w = acceptanceInput(9, offset: 100)
    let kernel = ConvolutionForward(g, method: .simd)
    let y = floats(4) { y in
      forEachTile(kernel.tileCount, scratchByteCount: kernel.scratchByteCount) {
        kernel.run(tile: $0, x: x, weights: w, y: y, scratch: $1)
      }
    }
    #expect(worst(y, [1.59221146269, 1.54621463359, 1.30330260694, 1.13402541452]) < 1e-6)

    // The transposed convolution 4/2/1 is the input gradient of a convolution of 4×4 images.
    let transposed = ConvolutionGeometry(
      batch: 1, channels: 1, height: 4, width: 4, filters: 2, kernelHeight: 4, kernelWidth: 4,
      stride: (2, 2), padding: (1, 1, 1, 1))
    let gradient = ConvolutionInputGradient(transposed, method: .simd)
    let z = floats(16) { z in
      forEachTile(gradient.tileCount, scratchByteCount: gradient.scratchByteCount) {
        gradient.run(
          tile: $0, dy: acceptanceInput(8), weights: acceptanceInput(32, offset: 200), dx: z,
          scratch: $1)
      }
    }
    #expect(worst(Array(z[..<4]), [0.0312843891, 0.4585347097, 0.5297788726, 0.4842455553]) < 1e-6)
    #expect(abs(z.reduce(0, +) - 10.6476702559) < 1e-5)
  }
}
