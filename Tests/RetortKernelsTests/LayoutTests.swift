import RetortKernels
import RetortTensor
import Testing

@Suite struct LayoutTests {
  private func run<E: FixedWidthInteger & BitwiseCopyable>(
    _ copy: StridedCopy, _ x: [E], count: Int, onto old: [E]? = nil
  ) -> [E] {
    var result = Result<E>(count, guardedBy: 99)
    return result.fill { y in
      if let old { y.update(from: old, count: count) }
      x.withUnsafeBytes { source in
        forEachTile(copy.tileCount) { tile, _ in
          copy.run(tile: tile, source: source.baseAddress!, target: y)
        }
      }
    }
  }

  private func position(_ index: Int, _ shape: Shape) -> [Int] {
    zip(shape.strides, shape.extents).map { index / $0 % $1 }
  }
  private func index(_ position: [Int], _ shape: Shape) -> Int {
    zip(shape.strides, position).reduce(0) { $0 + $1.0 * $1.1 }
  }

  @Test(arguments: [
    ([5], [0]), ([3, 4], [1, 0]), ([33, 65], [1, 0]), ([2, 3, 4], [2, 0, 1]),
    ([2, 17, 3, 40], [0, 2, 3, 1]), ([2, 17, 3, 40], [3, 1, 0, 2]), ([1, 5, 1], [2, 1, 0]),
    ([70, 130], [1, 0]),
  ])
  func transposeMovesEveryElement(_ extents: [Int], _ permutation: [Int]) {
    let shape = Shape(extents), result = Shape(permutation.map { extents[$0] })
    let x = (0..<shape.elementCount).map(UInt32.init)
    let y = run(
      .transpose(shape, permutation: permutation, elementByteCount: 4), x, count: x.count)
    for i in y.indices {
      let to = position(i, result)
      var from = to
      for (axis, source) in permutation.enumerated() { from[source] = to[axis] }
      if y[i] != UInt32(index(from, shape)) {
        Issue.record("element \(to) of \(permutation)")
        return
      }
    }
    // Other element widths take the same path.
    let bytes = x.map { UInt8(truncatingIfNeeded: $0) }, words = x.map(UInt64.init)
    let narrow = run(
      .transpose(shape, permutation: permutation, elementByteCount: 1), bytes, count: x.count)
    let wide = run(
      .transpose(shape, permutation: permutation, elementByteCount: 8), words, count: x.count)
    #expect(narrow == y.map { UInt8(truncatingIfNeeded: $0) })
    #expect(wide == y.map { UInt64($0) })
  }

  @Test func broadcastRepeats() {
    let x: [UInt32] = [1, 2, 3]
    let repeated = run(.broadcast([3, 1], to: [2, 3, 2], elementByteCount: 4), x, count: 12)
    #expect(repeated == [1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3])
    let one: [UInt32] = [7]
    let many = run(.broadcast([], to: [70_001], elementByteCount: 4), one, count: 70_001)
    #expect(many == [UInt32](repeating: 7, count: 70_001))
    let none = run(.broadcast([3], to: [0, 3], elementByteCount: 4), x, count: 0)
    #expect(none.isEmpty)
  }

  @Test func slicesReverseAndInsert() {
    let x = (0..<20).map(UInt32.init)
    let shape: Shape = [4, 5]
    let slice = StridedCopy.slice(
      shape, starts: [3, 1], extents: [2, 2], steps: [-2, 3], elementByteCount: 4)
    #expect(run(slice, x, count: 4) == [16, 19, 6, 9])
    let upsideDown = [3, 2, 1, 0].flatMap { (row: Int) in Array(x[row * 5..<row * 5 + 5]) }
    #expect(run(.reverse(shape, axes: [0], elementByteCount: 4), x, count: 20) == upsideDown)
    let turned = run(.reverse(shape, axes: [0, 1], elementByteCount: 4), x, count: 20)
    #expect(turned == Array(x.reversed()))
    let insert = StridedCopy.insert(
      [2, 2], into: [3, 4], starts: [1, 0], steps: [1, 2], elementByteCount: 4)
    let zeros = [UInt32](repeating: 0, count: 12)
    let inserted = run(insert, [1, 2, 3, 4], count: 12, onto: zeros)
    #expect(inserted == [0, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0])
  }

  @Test func fillsEveryWidth() {
    for width in [1, 2, 4, 8] {
      let kernel = FillKernel(elementCount: 70_003, elementByteCount: width)
      var result = Result<UInt8>(70_003 * width, guardedBy: 3)
      let bytes = result.fill { y in
        forEachTile(kernel.tileCount) { tile, _ in
          kernel.run(tile: tile, pattern: 0x0807_0605_0403_0201, target: y)
        }
      }
      let expected = (0..<70_003 * width).map { UInt8($0 % width + 1) }
      #expect(bytes == expected)
    }
  }

  @Test func gatherAndScatterAddAreAdjoint() {
    var numbers = Numbers(seed: 2)
    let table = numbers.floats(5 * 300), x = numbers.floats(4 * 300)
    let indices: [Int64] = [3, -9, 3, 77]
    let gather = GatherRows(outer: 1, extent: 5, count: 4, sliceByteCount: 1200)
    let y = floats(1200) { y in
      forEachTile(gather.tileCount) { tile, _ in
        gather.run(tile: tile, x: table, indices: indices, y: y)
      }
    }
    let rows = [3, 0, 3, 4].flatMap { (row: Int) in Array(table[row * 300..<row * 300 + 300]) }
    #expect(y == rows)
    let scatter = ScatterAddRows(outer: 1, extent: 5, count: 4, inner: 300)
    let z = floats(1500) { z in
      forEachTile(scatter.tileCount) { tile, _ in
        scatter.run(tile: tile, x: x, indices: [3, 0, 3, 4] as [Int32], y: z)
      }
    }
    for j in [0, 255, 256, 299] {
      #expect(z[900 + j] == x[j] + x[600 + j])
      #expect(z[j] == x[300 + j] && z[1200 + j] == x[900 + j] && z[300 + j] == 0)
    }
  }

  @Test(arguments: [(1, 1), (3, 1), (700, 1), (4, 2), (5, 3), (2, 17), (1, 300)])
  func slicesAreGatheredAndScatteredAlongAnyAxis(_ outer: Int, _ inner: Int) {
    let extent = 40, indices = (0..<100).map { Int64($0 * 7919 % 53 - 5) }
    let places = indices.map { Int(max(0, min(39, $0))) }
    var numbers = Numbers(seed: 4)
    let x = numbers.floats(outer * extent * inner), dy = numbers.floats(outer * 100 * inner)
    let gather = GatherRows(
      outer: outer, extent: extent, count: 100, sliceByteCount: 4 * inner)
    let y = floats(dy.count) { y in
      forEachTile(gather.tileCount) { tile, _ in
        gather.run(tile: tile, x: x, indices: indices, y: y)
      }
    }
    let scatter = ScatterAddRows(outer: outer, extent: extent, count: 100, inner: inner)
    let dx = floats(x.count) { dx in
      forEachTile(scatter.tileCount) { tile, _ in
        scatter.run(tile: tile, x: dy, indices: indices, y: dx)
      }
    }
    var expected = [Float](repeating: 0, count: x.count)
    var picked = [Float](repeating: 0, count: dy.count)
    for i in dy.indices {
      let (row, k, j) = (i / inner / 100, i / inner % 100, i % inner)
      let place = (row * extent + places[k]) * inner + j
      picked[i] = x[place]
      expected[place] += dy[i]
    }
    #expect(y == picked)
    #expect(dx == expected)
  }

  @Test func theLargestComeFirstAndOnesStandAtIndices() {
    let x: [Float] = [1, 3, .nan, 3, -2, 0, 0, 0, 0, 0, 9, 8, 7, 6, 5]
    let largest = LargestOfRows(rows: 3, extent: 5, count: 3)
    var places = Result<Int32>(9, guardedBy: -7)
    var values: [Float] = []
    let indices = places.fill { indices in
      values = floats(9) { values in
        forEachTile(largest.tileCount) { tile, _ in
          largest.run(tile: tile, x: x, values: values, indices: indices)
        }
      }
    }
    #expect(indices == [2, 1, 3, 0, 1, 2, 0, 1, 2])
    #expect(values[0].isNaN && Array(values[1...]) == [3, 3, 0, 0, 0, 9, 8, 7])
    let ones = OneHotRows(rows: 4, classes: 3)
    let y = floats(12) { y in
      forEachTile(ones.tileCount) { tile, _ in
        ones.run(tile: tile, indices: [2, -1, 0, 3] as [Int32], y: y)
      }
    }
    #expect(y == [0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0])
  }

  @Test(arguments: [
    [7, 3, 1024], [2, 64, 1024], [3, 1030, 18], [1, 70, 33], [2, 2, 9], [5, 9, 2], [1, 4, 3],
    [1, 200_000, 3],
  ])
  func planesAndPixelsChangePlaces(_ extents: [Int]) {
    let shape = Shape(extents)
    let x = (0..<shape.elementCount).map(UInt32.init)
    let y = run(
      .transpose(shape, permutation: [0, 2, 1], elementByteCount: 4), x, count: x.count)
    let (rows, columns) = (extents[1], extents[2])
    let moved = y.indices.allSatisfy { i in
      let (image, place) = i.quotientAndRemainder(dividingBy: rows * columns)
      return y[i] == x[image * rows * columns + place % rows * columns + place / rows]
    }
    #expect(moved)
  }
}
