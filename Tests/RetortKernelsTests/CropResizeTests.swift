import RetortKernels
import Testing

@Suite struct CropResizeTests {
  @Test func matchesTheAcceptanceVector() {
    let kernel = CropResizeKernel(
      batch: 1, channels: 3, height: 32, width: 32, outHeight: 32, outWidth: 32)
    let x = acceptanceInput(3072), seed = acceptanceInput(3072, offset: 1000)
    let box: [Float] = [3, 5, 20, 17]
    let y = floats(3072) { y in
      forEachTile(1, scratchByteCount: kernel.scratchByteCount) {
        kernel.run(tile: $0, x: x, boxes: box, y: y, scratch: $1)
      }
    }
    let sum = y.reduce(0.0) { $0 + Double($1) }
    #expect(abs(sum - 1543.91775036) < 1e-3)
    #expect(abs(y[0] - 0.900303033181) < 1e-6)
    #expect(abs(y[1024 + 10 * 32 + 20] - 0.697717037321) < 1e-6)
    let g = floats(3072) { g in
      forEachTile(1, scratchByteCount: kernel.scratchByteCount) {
        kernel.inputGradient(tile: $0, dy: seed, boxes: box, dx: g, scratch: $1)
      }
    }
    let norm = g.reduce(0.0) { $0 + Double(abs($1)) }
    #expect(abs(norm - 1536.0569303) < 1e-3)
    #expect(abs(g[3 * 32 + 5] - 1.81433581862) < 1e-5)
  }

  @Test func eachImageHasItsOwnBoxAndBoxesStayInside() {
    let kernel = CropResizeKernel(
      batch: 3, channels: 1, height: 2, width: 3, outHeight: 2, outWidth: 3)
    let x = (0..<18).map(Float.init)
    let boxes: [Float] = [0, 0, 2, 3, 1, 2, 1, 1, -4, .nan, 100, 1e30]
    let y = floats(18) { y in
      forEachTile(3, scratchByteCount: kernel.scratchByteCount) {
        kernel.run(tile: $0, x: x, boxes: boxes, y: y, scratch: $1)
      }
    }
    // The whole image, one pixel, the whole image again.
    #expect(Array(y[..<6]) == Array(x[..<6]))
    #expect(Array(y[6..<12]) == [Float](repeating: 11, count: 6))
    #expect(Array(y[12...]) == Array(x[12...]))
  }
}
