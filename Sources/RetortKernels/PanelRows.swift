import RetortTensor

/// Any number of rows by one panel of sixteen columns, in blocks of `PanelBlock.rows` or fewer.
enum PanelRows {
  /// `c[r, 0 ..< 16] = Σₖ a[r · aStride + k · depthStride] · b[k, 0 ..< 16]` for `rows` rows.
  ///
  /// While they run, `depth` cache lines from `ahead` on are asked for: the panel that is needed
  /// next.
  @inline(__always)
  static func multiply(
    rows: Int, depth: Int, a: UnsafePointer<Float>, aStride: Int,
    b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>, cStride: Int,
    ahead: UnsafePointer<Float>
  ) {
    var rest = (rows &+ PanelBlock.rows &- 1) / PanelBlock.rows
    var left = rows
    var a = a, c = c
    let aheadStep = 4 &* PanelBlock.columns / max(1, rest)
    var ahead = UnsafeRawPointer(ahead)
    while rest > 0 {
      let height = (left &+ rest &- 1) / rest
      multiplyBlock(
        rows: height, depth: depth, a: a, aStride: aStride, b: b, c: c, cStride: cStride,
        ahead: ahead, aheadStep: aheadStep)
      ahead += depth &* aheadStep
      a += height &* aStride
      c += height &* cStride
      left &-= height
      rest &-= 1
    }
  }

  /// The rows of each block but the last where `rows` are cut evenly: a block of one or two is
  /// bound by the latency of its few sums.
  static func height(rows: Int) -> Int {
    let blocks = max(1, (rows + PanelBlock.rows - 1) / PanelBlock.rows)
    return max(1, (rows + blocks - 1) / blocks)
  }

  /// One block of at most `PanelBlock.rows` rows, added to `c` if it `accumulates`.
  @inline(never)
  static func multiplyBlock(
    rows: Int, depth: Int, a: UnsafePointer<Float>, aStride: Int, depthStride: Int = 1,
    b: UnsafePointer<Float>, bStride: Int = PanelBlock.columns, c: UnsafeMutablePointer<Float>,
    cStride: Int, accumulates: Bool = false,
    ahead: UnsafeRawPointer, aheadStep: Int
  ) {
    switch rows {
    case 1: block(InlineArray<1, LaneBlock>.self)
    case 2: block(InlineArray<2, LaneBlock>.self)
    case 3: block(InlineArray<3, LaneBlock>.self)
    case 4: block(InlineArray<4, LaneBlock>.self)
    case 5: block(InlineArray<5, LaneBlock>.self)
    case 6: block(InlineArray<6, LaneBlock>.self)
    default: tallBlock()
    }

    @inline(__always)
    func block<let height: Int>(_ sums: InlineArray<height, LaneBlock>.Type) {
      var sums = InlineArray<height, LaneBlock>(repeating: .zero)
      if accumulates {
        for row in 0..<height { sums[row] = LaneBlock.load(c + row &* cStride) }
      }
      PanelBlock.accumulate(
        &sums, depth: depth, a: a, rowStride: aStride, depthStride: depthStride, b: b,
        bStride: bStride, ahead: ahead, aheadStep: aheadStep)
      for row in 0..<height { sums[row].store(c + row &* cStride) }
    }

    /// Only where `PanelBlock.rows` is more than 6; elsewhere this is no code.
    @inline(__always)
    func tallBlock() {
      guard PanelBlock.rows > 6 else { return }
      switch rows {
      case 7: block(InlineArray<7, LaneBlock>.self)
      case 8: block(InlineArray<8, LaneBlock>.self)
      case 9: block(InlineArray<9, LaneBlock>.self)
      case 10: block(InlineArray<10, LaneBlock>.self)
      case 11: block(InlineArray<11, LaneBlock>.self)
      default: block(InlineArray<12, LaneBlock>.self)
      }
    }
  }
}
