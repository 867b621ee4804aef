import RetortKernels
import Testing

@Suite struct ProductTests {
  static let extents = [
    (1, 1, 1), (3, 5, 7), (8, 32, 16), (9, 33, 257), (130, 40, 3), (1, 300, 520), (17, 1, 64),
    (128, 256, 256), (5, 7, 0),
  ]

  private func naive(
    _ k: ProductKernel, _ a: [Float], _ b: [Float], batch: Int
  ) -> [Double] {
    (0..<k.rows * k.columns).map { index in
      let (i, j) = (index / k.columns, index % k.columns)
      var sum = 0.0
      for d in 0..<k.depth {
        let left = a[batch * k.aBatchStride + (k.transposesA ? d * k.rows + i : i * k.depth + d)]
        let right =
          b[batch * k.bBatchStride + (k.transposesB ? j * k.depth + d : d * k.columns + j)]
        sum += Double(left) * Double(right)
      }
      return sum
    }
  }

  @Test(arguments: extents, [false, true])
  func equalsTheSumOfProducts(_ extents: (Int, Int, Int), transposed: Bool) {
    var numbers = Numbers(seed: 3)
    for transposesB in [false, true] {
      let kernel = ProductKernel(
        rows: extents.0, columns: extents.1, depth: extents.2, transposesA: transposed,
        transposesB: transposesB, batchCount: 2)
      let a = numbers.floats(2 * extents.0 * extents.2)
      let b = numbers.floats(2 * extents.2 * extents.1)
      let c = floats(2 * extents.0 * extents.1) { c in
        forEachTile(kernel.tileCount, scratchByteCount: kernel.scratchByteCount) { tile, scratch in
          kernel.run(tile: tile, a: a, b: b, c: c, scratch: scratch)
        }
      }
      let expected = (0..<2).flatMap { naive(kernel, a, b, batch: $0) }
      #expect(worst(c, expected) < 2e-5)
    }
  }

  @Test func rowsDoNotDependOnHowManyThereAre() {
    var numbers = Numbers(seed: 5)
    let a = numbers.floats(141 * 300), b = numbers.floats(300 * 45)
    func product(rows: Int, from first: Int) -> [Float] {
      let kernel = ProductKernel(rows: rows, columns: 45, depth: 300)
      return floats(rows * 45) { c in
        forEachTile(kernel.tileCount, scratchByteCount: kernel.scratchByteCount) { tile, scratch in
          kernel.run(tile: tile, a: Array(a[(first * 300)...]), b: b, c: c, scratch: scratch)
        }
      }
    }
    let all = product(rows: 141, from: 0)
    #expect(product(rows: 1, from: 137) == Array(all[(137 * 45)..<(138 * 45)]))
    #expect(product(rows: 20, from: 3) == Array(all[(3 * 45)..<(23 * 45)]))
  }

  @Test func openBLASMultipliesRowMajorMatrices() {
    BLAS.setThreads(1)
    var numbers = Numbers(seed: 9)
    let a = numbers.floats(5 * 7), b = numbers.floats(7 * 3), old = numbers.floats(15)
    let c = floats(15) { c in
      c.update(from: old, count: 15)
      BLAS.sgemm(
        rows: 5, columns: 3, depth: 7, alpha: 2, a: a, aStride: 7, b: b, bStride: 3, beta: -1,
        c: c, cStride: 3)
    }
    let kernel = ProductKernel(rows: 5, columns: 3, depth: 7)
    let expected = zip(naive(kernel, a, b, batch: 0), old).map { 2 * $0 - Double($1) }
    #expect(worst(c, expected) < 1e-5)
  }
}
