/// Picks rows of a table: `y[i, :] = table[indices[i], :]`.
///
/// Shapes: `table: [rows, width]`, `indices: [count]`, `y: [count, width]`. Indices outside the
/// table are moved to its nearest end.
package struct GatherRows: Sendable, Hashable {
  package let rows: Int
  package let count: Int
  package let rowByteCount: Int

  package init(rows: Int, count: Int, rowByteCount: Int) {
    precondition(rows > 0 || count == 0, "rows of an empty table")
    self.rows = rows
    self.count = count
    self.rowByteCount = rowByteCount
  }

  private var rowsPerTile: Int { max(1, 65536 / max(1, rowByteCount)) }
  package var tileCount: Int { (count + rowsPerTile - 1) / rowsPerTile }

  package func run<I: FixedWidthInteger>(
    tile: Int, table: UnsafeRawPointer, indices: UnsafePointer<I>, y: UnsafeMutableRawPointer
  ) {
    for i in tile * rowsPerTile..<min((tile + 1) * rowsPerTile, count) {
      let row = max(0, min(rows - 1, Int(clamping: indices[i])))
      (y + i * rowByteCount).copyMemory(
        from: table + row * rowByteCount, byteCount: rowByteCount)
    }
  }
}

/// The adjoint of `GatherRows` for f32: `y[indices[i], :] += x[i, :]` from zero, in the order of
/// `i`.
///
/// Shapes: `x: [count, width]`, `y: [rows, width]`. A tile is a block of columns, so that the order
/// of sums is the same for every number of threads.
package struct ScatterAddRows: Sendable, Hashable {
  package let rows: Int
  package let count: Int
  package let width: Int

  package init(rows: Int, count: Int, width: Int) {
    precondition(rows > 0 || count == 0, "rows of an empty table")
    self.rows = rows
    self.count = count
    self.width = width
  }

  private static let columnsPerTile = 256
  package var tileCount: Int { (width + Self.columnsPerTile - 1) / Self.columnsPerTile }

  package func run<I: FixedWidthInteger>(
    tile: Int, x: UnsafePointer<Float>, indices: UnsafePointer<I>, y: UnsafeMutablePointer<Float>
  ) {
    let first = tile * Self.columnsPerTile
    let length = min(Self.columnsPerTile, width - first)
    for row in 0..<rows { (y + row * width + first).update(repeating: 0, count: length) }
    for i in 0..<count {
      let row = max(0, min(rows - 1, Int(clamping: indices[i])))
      let to = y + row * width + first
      let from = x + i * width + first
      for j in 0..<length { to[j] += from[j] }
    }
  }
}
