import RetortKernels
import Testing

@Suite struct PoolingTests {
  static let geometries = [
    PoolingGeometry(planes: 3, height: 7, width: 5, window: (3, 2), stride: (2, 1)),
    PoolingGeometry(
      planes: 2, height: 5, width: 6, window: (3, 3), stride: (2, 2), padding: (1, 1, 1, 1)),
    PoolingGeometry(planes: 1, height: 1, width: 1, window: (1, 1), stride: (1, 1)),
    PoolingGeometry(
      planes: 70, height: 16, width: 17, window: (2, 4), stride: (3, 2), padding: (0, 2, 1, 0)),
  ]

  /// The positions in the plane that each output of one plane sees, row by row.
  private func windows(_ g: PoolingGeometry) -> [[Int]] {
    (0..<g.outHeight * g.outWidth).map { output in
      let p = output / g.outWidth, q = output % g.outWidth
      return (0..<g.windowHeight * g.windowWidth).compactMap { tap in
        let row = p * g.strideY - g.top + tap / g.windowWidth
        let column = q * g.strideX - g.left + tap % g.windowWidth
        let inside = (0..<g.height).contains(row) && (0..<g.width).contains(column)
        return inside ? row * g.width + column : nil
      }
    }
  }

  @Test(arguments: geometries)
  func maximumAndItsAdjointsFollowTheFirstMaximum(_ g: PoolingGeometry) {
    var numbers = Numbers(seed: 4)
    let area = g.height * g.width, outArea = g.outHeight * g.outWidth
    // Few distinct values, so that ties are common.
    let x = (0..<g.planes * area).map { _ in Float(numbers.next() % 5) }
    let v = numbers.floats(x.count), dy = numbers.floats(g.planes * outArea)
    let kernel = MaxPooling(g)
    let windows = windows(g)
    var y: [Float] = [], picked: [Float] = []
    var dx = [Float](repeating: 0, count: x.count)
    for output in dy.indices {
      let plane = output / outArea * area
      var best = windows[output % outArea][0]
      for position in windows[output % outArea] where x[plane + position] > x[plane + best] {
        best = position
      }
      y.append(x[plane + best])
      picked.append(v[plane + best])
      dx[plane + best] += dy[output]
    }
    let maxima = floats(y.count) { y in
      forEachTile(kernel.tileCount) { tile, _ in kernel.run(tile: tile, x: x, y: y) }
    }
    #expect(maxima == y)
    let gathered = floats(y.count) { y in
      forEachTile(kernel.tileCount) { tile, _ in kernel.gather(tile: tile, x: x, v: v, y: y) }
    }
    #expect(gathered == picked)
    let gradient = floats(x.count) { dx in
      forEachTile(kernel.tileCount) { tile, _ in
        kernel.inputGradient(tile: tile, x: x, dy: dy, dx: dx)
      }
    }
    #expect(gradient == dx)
  }

  @Test func maximumPropagatesNaNAndKeepsEmptyWindowsApart() {
    let nan = MaxPooling(
      PoolingGeometry(planes: 1, height: 1, width: 4, window: (1, 2), stride: (1, 2)))
    let y = floats(2) { nan.run(tile: 0, x: [.nan, 1, 2, 3], y: $0) }
    #expect(y[0].isNaN && y[1] == 3)
    let empty = MaxPooling(
      PoolingGeometry(
        planes: 1, height: 1, width: 1, window: (1, 1), stride: (1, 1), padding: (0, 1, 0, 0)))
    #expect(floats(2) { empty.run(tile: 0, x: [5], y: $0) } == [-.infinity, 5])
    #expect(floats(1) { empty.inputGradient(tile: 0, x: [5], dy: [1, 2], dx: $0) } == [2])
    #expect(floats(2) { empty.gather(tile: 0, x: [5], v: [7], y: $0) } == [0, 7])
  }

  @Test(arguments: geometries, [false, true])
  func averageAndItsAdjointEqualTheDefinition(_ g: PoolingGeometry, countsPadding: Bool) {
    var numbers = Numbers(seed: 6)
    let area = g.height * g.width, outArea = g.outHeight * g.outWidth
    let x = numbers.floats(g.planes * area), dy = numbers.floats(g.planes * outArea)
    let windows = windows(g)
    var y = [Double](repeating: 0, count: dy.count), dx = [Double](repeating: 0, count: x.count)
    for output in dy.indices {
      let window = windows[output % outArea]
      let divisor = Double(countsPadding ? g.windowHeight * g.windowWidth : window.count)
      for position in window {
        let index = output / outArea * area + position
        y[output] += Double(x[index]) / divisor
        dx[index] += Double(dy[output]) / divisor
      }
    }
    let kernel = AveragePooling(g, countsPadding: countsPadding)
    let result = floats(y.count) { y in
      forEachTile(kernel.tileCount) { tile, _ in kernel.run(tile: tile, x: x, y: y) }
    }
    #expect(worst(result, y) < 1e-6)
    let gradient = floats(x.count) { dx in
      forEachTile(kernel.tileCount) { tile, _ in kernel.inputGradient(tile: tile, dy: dy, dx: dx) }
    }
    #expect(worst(gradient, dx) < 1e-6)
  }

  @Test func averageMatchesTheAcceptanceVector() {
    let kernel = AveragePooling(
      PoolingGeometry(
        planes: 1, height: 5, width: 5, window: (3, 3), stride: (2, 2), padding: (1, 1, 1, 1)),
      countsPadding: true)
    let y = floats(9) { kernel.run(tile: 0, x: acceptanceInput(25), y: $0) }
    let expected = [
      0.129599438773, 0.20826348771, 0.148085211507, 0.263720805912, 0.388599925416,
      0.291449465013, 0.222028302443, 0.346906783214, 0.240514075177,
    ]
    #expect(worst(y, expected) < 1e-6)
  }
}
