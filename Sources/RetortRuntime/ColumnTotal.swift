import RetortTensor

/// Sums over the rows of what a fused kernel computes: `y[c] = (Σ x[r, c]) / divisor`.
///
/// Each tile adds up its rows in the order in which it computes them, in runs of four; the tiles'
/// sums are added in Double, in the order of the tiles. Chunks and tiles are functions of shapes
/// alone, and so is every bit of the result.
struct ColumnTotal: Sendable, Hashable {
  /// A multiple of 16, at most 1024.
  let columns: Int
  /// Where its sums stand in those of a tile.
  let first: Int
  let divisor: Float

  /// Adds elements `start ..< start + count` of the domain, which lie at `x`, to the tile's sums.
  /// They are whole rows or part of one.
  func add(
    _ x: UnsafePointer<Float>, start: Int, count: Int, to sums: UnsafeMutablePointer<Float>
  ) {
    let sums = sums + first
    let column = start % columns
    if column + count <= columns {
      for i in 0..<count { sums[column &+ i] += x[i] }
      return
    }
    precondition(column == 0 && count % columns == 0, "rows in pieces")
    for column in stride(from: 0, to: columns, by: 16) {
      let total = LaneBlock.load(sums + column) + rows(x + column, count / columns)
      total.store(sums + column)
    }
  }

  /// The sum of sixteen neighbouring columns over some rows.
  @inline(__always)
  private func rows(_ x: UnsafePointer<Float>, _ count: Int) -> LaneBlock {
    var a = LaneBlock.zero, b = LaneBlock.zero, c = LaneBlock.zero, d = LaneBlock.zero
    var row = x
    for _ in 0..<count / 4 {
      a += LaneBlock.load(row)
      b += LaneBlock.load(row + columns)
      c += LaneBlock.load(row + 2 &* columns)
      d += LaneBlock.load(row + 3 &* columns)
      row += 4 &* columns
    }
    for _ in 0..<count % 4 {
      a += LaneBlock.load(row)
      row += columns
    }
    return (a + b) + (c + d)
  }

  /// Adds up the sums of `tiles` tiles, `stride` elements apart.
  func finish(
    tiles: Int, stride: Int, _ sums: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
  ) {
    for column in 0..<columns {
      var total = 0.0
      for tile in 0..<tiles { total += Double(sums[tile &* stride &+ first &+ column]) }
      y[column] = Float(total / Double(divisor))
    }
  }
}

/// What the tiles of a fused kernel have summed: memory for each, and the kernel that adds it up.
struct TileSums {
  private let totals: [ColumnTotal]
  private let tiles: Int
  /// Elements of a tile.
  private let count: Int
  private let buffer: ScratchBuffer

  /// Nil where the plan sums nothing.
  init?(_ plan: FusedPlan, tiles: Int) {
    guard !plan.totals.isEmpty else { return nil }
    totals = plan.totals
    self.tiles = tiles
    count = plan.totals.reduce(0) { $0 + $1.columns }
    buffer = ScratchBuffer(byteCount: 4 * tiles * count)
  }

  /// Zeros, for a tile that begins.
  func start(tile: Int) -> UnsafeMutableRawPointer {
    let sums = buffer.base.assumingMemoryBound(to: Float.self) + tile * count
    sums.update(repeating: 0, count: count)
    return UnsafeMutableRawPointer(sums)
  }

  /// - Parameter results: of the sums, in the plan's order.
  func finish(_ results: [TensorView]) -> any Kernel {
    BoundKernel(tiles: totals.count) { number, _ in
      totals[number].finish(
        tiles: tiles, stride: count, buffer.base.assumingMemoryBound(to: Float.self),
        results[number].floats)
    }
  }
}
