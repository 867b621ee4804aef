import RetortTensor

/// Long draws: for each of several keys the first `countPerKey` elements of its stream.
///
/// `y: [keyCount, countPerKey]`. An element depends on its key and its index only.
package struct RandomDraw: Sendable, Hashable {
  package let keyCount: Int
  package let countPerKey: Int

  package init(keyCount: Int, countPerKey: Int) {
    self.keyCount = keyCount
    self.countPerKey = countPerKey
  }

  private static let countPerTile = 8192
  private var tilesPerKey: Int { (countPerKey + Self.countPerTile - 1) / Self.countPerTile }

  package var tileCount: Int { keyCount * tilesPerKey }

  /// Random 32-bit words.
  package func bits(tile: Int, keys: UnsafePointer<Key>, y: UnsafeMutablePointer<UInt32>) {
    forEachBlock(tile, keys) { words, position, count in
      if count == 16 {
        UnsafeMutableRawPointer(y + position).storeBytes(of: words, as: SIMD16<UInt32>.self)
      } else {
        for lane in 0..<count { y[position &+ lane] = words[lane] }
      }
    }
  }

  /// `low + (high − low) · u`, `u` in [0, 1), at least `low`.
  package func uniform(
    tile: Int, keys: UnsafePointer<Key>, low: Float, high: Float, y: UnsafeMutablePointer<Float>
  ) {
    let base = LaneBlock(repeating: low), span = LaneBlock(repeating: high - low)
    forEachBlock(tile, keys) { words, position, count in
      let pattern = (words &>> SIMD16(repeating: 9)) | SIMD16(repeating: 0x3F80_0000)
      let u = unsafeBitCast(pattern, to: LaneBlock.self) - 1
      LaneBlock.maximum(u * span + base, base).store(y + position, count: count)
    }
  }

  /// Standard normal numbers.
  package func normal(tile: Int, keys: UnsafePointer<Key>, y: UnsafeMutablePointer<Float>) {
    forEachBlock(tile, keys) { words, position, count in
      for lane in 0..<count { y[position &+ lane] = Threefry.normal(words[lane]) }
    }
  }

  /// Calls `body(words, offset in y, count ≤ 16)`.
  @inline(__always)
  private func forEachBlock(
    _ tile: Int, _ keys: UnsafePointer<Key>, _ body: (SIMD16<UInt32>, Int, Int) -> Void
  ) {
    let (index, block) = tile.quotientAndRemainder(dividingBy: tilesPerKey)
    let key = keys[index]
    let end = min((block + 1) * Self.countPerTile, countPerKey)
    let lanes = SIMD16<UInt32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    // A tile starts at a multiple of 16, so the low words of a block never carry.
    for i in stride(from: block * Self.countPerTile, to: end, by: 16) {
      let low = SIMD16(repeating: UInt32(truncatingIfNeeded: i)) | lanes
      let (a, b) = Threefry.block(key, SIMD16(repeating: UInt32(truncatingIfNeeded: i >> 32)), low)
      body(a ^ b, index * countPerKey + i, min(16, end - i))
    }
  }
}

/// A random permutation of `0 ..< count` per key: the stable order of the key's first `count`
/// words.
///
/// `y: i32[keyCount, count]`. A tile is one key; words are sorted byte by byte from the lowest.
package struct RandomPermutation: Sendable, Hashable {
  package let keyCount: Int
  package let count: Int

  package init(keyCount: Int, count: Int) {
    self.keyCount = keyCount
    self.count = count
  }

  package var tileCount: Int { keyCount }
  package var scratchByteCount: Int { 16 * count }

  package func run(
    tile: Int, keys: UnsafePointer<Key>, y: UnsafeMutablePointer<Int32>,
    scratch: UnsafeMutableRawPointer
  ) {
    let key = keys[tile]
    // The word above, the index below.
    var from = scratch.assumingMemoryBound(to: UInt64.self)
    var to = from + count
    for i in 0..<count { from[i] = UInt64(Threefry.bits(key, i)) << 32 | UInt64(i) }
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { starts in
      for shift in stride(from: UInt64(32), to: 64, by: 8) {
        starts.initialize(repeating: 0)
        for i in 0..<count { starts[Int(from[i] >> shift & 255)] += 1 }
        var sum = 0
        for digit in 0..<256 {
          let length = starts[digit]
          starts[digit] = sum
          sum += length
        }
        for i in 0..<count {
          let digit = Int(from[i] >> shift & 255)
          to[starts[digit]] = from[i]
          starts[digit] += 1
        }
        swap(&from, &to)
      }
    }
    for i in 0..<count { y[tile * count + i] = Int32(truncatingIfNeeded: from[i] & 0xFFFF_FFFF) }
  }
}
