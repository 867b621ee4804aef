import RetortTensor

/// `C = A · B` for a batch of row-major f32 matrices, in Swift vectors.
///
/// Shapes: `A: [rows, depth]` (stored `[depth, rows]` if `transposesA`), `B: [depth, columns]`
/// (stored `[columns, depth]` if `transposesB`), `C: [rows, columns]`. An element's value does not
/// depend on the number of rows, columns or matrices (see `ProductTile`).
package struct ProductKernel: Sendable, Hashable {
  package var rows: Int
  package var columns: Int
  package var depth: Int
  package var transposesA = false
  package var transposesB = false
  package var batchCount = 1
  /// Distances in elements between neighbouring rows as stored, and between matrices of the batch
  /// (0 reads the same matrix for all).
  package var aRowStride: Int
  package var bRowStride: Int
  package var cRowStride: Int
  package var aBatchStride: Int
  package var bBatchStride: Int
  package var cBatchStride: Int

  /// Dense matrices, one after another.
  package init(
    rows: Int, columns: Int, depth: Int, transposesA: Bool = false, transposesB: Bool = false,
    batchCount: Int = 1
  ) {
    self.rows = rows
    self.columns = columns
    self.depth = depth
    self.transposesA = transposesA
    self.transposesB = transposesB
    self.batchCount = batchCount
    aRowStride = transposesA ? rows : depth
    bRowStride = transposesB ? depth : columns
    cRowStride = columns
    aBatchStride = rows * depth
    bBatchStride = depth * columns
    cBatchStride = rows * columns
  }

  private static let rowsPerTile = 128
  private static let columnsPerTile = 256
  private var rowTiles: Int { (rows + Self.rowsPerTile - 1) / Self.rowsPerTile }
  private var columnTiles: Int { (columns + Self.columnsPerTile - 1) / Self.columnsPerTile }

  package var tileCount: Int { batchCount * rowTiles * columnTiles }

  package var flops: Int { 2 * batchCount * rows * columns * depth }

  /// Bytes that each running tile needs.
  package var scratchByteCount: Int {
    ProductTile.scratchByteCount(
      rows: min(rows, Self.rowsPerTile), columns: min(columns, Self.columnsPerTile), depth: depth)
  }

  package func run(
    tile: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) {
    let batch = tile / (rowTiles * columnTiles)
    let block = tile % (rowTiles * columnTiles)
    let row = block / columnTiles * Self.rowsPerTile
    let column = block % columnTiles * Self.columnsPerTile
    ProductTile.run(
      rows: row..<min(row + Self.rowsPerTile, rows),
      columns: column..<min(column + Self.columnsPerTile, columns), depth: depth,
      a: StridedPanels(
        base: a + batch * aBatchStride, lineStride: transposesA ? 1 : aRowStride,
        depthStride: transposesA ? aRowStride : 1),
      b: StridedPanels(
        base: b + batch * bBatchStride, lineStride: transposesB ? bRowStride : 1,
        depthStride: transposesB ? 1 : bRowStride),
      c: c + batch * cBatchStride + row * cRowStride + column, cStride: cRowStride,
      accumulate: false, scratch: scratch)
  }
}
