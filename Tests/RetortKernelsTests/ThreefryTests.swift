import RetortKernels
import RetortTensor
import Testing

@Suite struct ThreefryTests {
  /// Known answers of Random123, threefry2x32 with 20 rounds: key, counter, result.
  static let answers: [(Key, UInt32, UInt32, Key)] = [
    (Key(0, 0), 0, 0, Key(0x6b20_0159, 0x99ba_4efe)),
    (Key(.max, .max), .max, .max, Key(0x1cb9_96fc, 0xbb00_2be7)),
    (Key(0x1319_8a2e, 0x0370_7344), 0x243f_6a88, 0x85a3_08d3, Key(0xc492_3a9c, 0x483d_f7a0)),
  ]

  @Test func matchesTheKnownAnswers() {
    for (key, x0, x1, result) in Self.answers {
      let (a, b) = Threefry.block(key, x0, x1)
      #expect(Key(a, b) == result)
      let (wideA, wideB) = Threefry.block(
        key, SIMD16(repeating: x0), SIMD16<UInt32>(repeating: x1))
      #expect(wideA == SIMD16(repeating: a) && wideB == SIMD16(repeating: b))
    }
    #expect(Threefry.fold(Key(0, 0), 0) == Key(0x6b20_0159, 0x99ba_4efe))
  }

  @Test func longDrawsEqualSingleOnes() {
    let keys = [Key(1, 2), Key(7, 0)]
    let draw = RandomDraw(keyCount: 2, countPerKey: 8205)
    var words = Result<UInt32>(16410, guardedBy: 1)
    let bits = words.fill { y in
      forEachTile(draw.tileCount) { tile, _ in draw.bits(tile: tile, keys: keys, y: y) }
    }
    let single = (0..<16410).map { (i: Int) in Threefry.bits(keys[i / 8205], i % 8205) }
    #expect(bits == single)
    let uniform = floats(16410) { y in
      forEachTile(draw.tileCount) { tile, _ in
        draw.uniform(tile: tile, keys: keys, low: 0, high: 1, y: y)
      }
    }
    #expect(uniform == single.map(Threefry.uniform01))
    let normal = floats(16410) { y in
      forEachTile(draw.tileCount) { tile, _ in draw.normal(tile: tile, keys: keys, y: y) }
    }
    #expect(normal == single.map(Threefry.normal))
    // Four standard errors of mean and variance.
    let mean = normal.reduce(0.0) { $0 + Double($1) } / 16410
    let variance = normal.reduce(0.0) { $0 + Double($1 * $1) } / 16410
    #expect(abs(mean) < 0.0312)
    #expect(abs(variance - 1) < 0.0441)
  }

  @Test func uniformKeepsItsBounds() {
    #expect(Threefry.uniform01(0) == 0)
    #expect(Threefry.uniform01(.max) == 1 - 0x1p-23)
    #expect(Threefry.normal(0).isFinite && Threefry.normal(.max).isFinite)
    #expect(Threefry.normal(0) < -5 && Threefry.normal(.max) > 5)
  }

  @Test func inverseErrorFunctionInvertsIt() {
    for i in 1..<2000 {
      let u = Double(i) / 1000 - 1
      let x = inverseErrorFunction(u)
      let residual = abs(x.errorFunction() - u)
      #expect(residual <= 0x1p-51)
    }
    // Reference values computed with 25 digits.
    #expect(abs(inverseErrorFunction(0.5) - 0.476936276204469873) < 1e-15)
    #expect(abs(inverseErrorFunction(1 - 0x1p-24) - 3.832506856900710909) < 1e-14)
    #expect(inverseErrorFunction(1) == .infinity && inverseErrorFunction(-1) == -.infinity)
    #expect(inverseErrorFunction(0) == 0 && inverseErrorFunction(1.5).isNaN)
  }

  @Test func permutationsSortTheWords() {
    for count in [0, 1, 2, 9, 1000] {
      let kernel = RandomPermutation(keyCount: 2, count: count)
      let keys = [Key(3, 4), Key(5, 6)]
      var result = Result<Int32>(2 * count, guardedBy: -5)
      let y = result.fill { y in
        forEachTile(kernel.tileCount, scratchByteCount: kernel.scratchByteCount) {
          kernel.run(tile: $0, keys: keys, y: y, scratch: $1)
        }
      }
      for row in 0..<2 {
        let words = (0..<count).map { Threefry.bits(keys[row], $0) }
        let expected = (0..<count).sorted { (words[$0], $0) < (words[$1], $1) }
        let order = y[(row * count)..<((row + 1) * count)].map { Int($0) }
        #expect(order == expected)
      }
    }
  }
}
