import RetortTensor

/// A block of the output of a matrix product, computed from panels packed into scratch.
///
/// The depth is cut into slices of `depthPerSlice`; each element is the sum of its slices in order,
/// each slice summed in order by fused multiply-adds. So an element depends only on its row, its
/// column and the depth, not on where blocks begin.
enum ProductTile {
  /// 32 columns of one slice fill two thirds of a 48 KiB first-level cache.
  static let depthPerSlice = 256

  /// Scratch for tiles of at most `rows × columns`.
  static func scratchByteCount(rows: Int, columns: Int, depth: Int) -> Int {
    let slice = min(depth, depthPerSlice)
    let padded = roundUp(rows, ProductBlock.rows) + roundUp(columns, ProductBlock.columns)
    return 4 * (padded * slice + ProductBlock.elementCount) + 64
  }

  /// `c[i, j] = (accumulate ? c : 0) + Σₖ a[row i, k] b[column j, k]` for the given rows and
  /// columns; `c` points at the element of the first of each.
  @inline(__always)
  static func run<A: ProductPanels, B: ProductPanels>(
    rows: Range<Int>, columns: Range<Int>, depth: Int, a: A, b: B,
    c: UnsafeMutablePointer<Float>, cStride: Int, accumulate: Bool,
    scratch: UnsafeMutableRawPointer
  ) {
    if depth == 0 {
      if !accumulate {
        for i in 0..<rows.count { (c + i * cStride).update(repeating: 0, count: columns.count) }
      }
      return
    }
    let slice = min(depth, depthPerSlice)
    let edge = scratch.alignedUp(toMultipleOf: 64).assumingMemoryBound(to: Float.self)
    let aPacked = edge + ProductBlock.elementCount
    let bPacked = aPacked + roundUp(rows.count, ProductBlock.rows) * slice
    var start = 0
    while start < depth {
      let range = start..<min(start + slice, depth)
      packAll(a, rows, ProductBlock.rows, range, aPacked)
      packAll(b, columns, ProductBlock.columns, range, bPacked)
      multiply(
        rows: rows.count, columns: columns.count, depth: range.count, a: aPacked, b: bPacked,
        c: c, cStride: cStride, accumulate: accumulate || start > 0, edge: edge)
      start = range.upperBound
    }
  }

  @inline(__always)
  private static func packAll<P: ProductPanels>(
    _ panels: P, _ lines: Range<Int>, _ width: Int, _ depth: Range<Int>,
    _ target: UnsafeMutablePointer<Float>
  ) {
    var target = target
    var first = lines.lowerBound
    while first < lines.upperBound {
      panels.pack(
        first: first, count: min(width, lines.upperBound - first), width: width, depth: depth,
        into: target)
      target += width * depth.count
      first += width
    }
  }

  /// The product of packed panels. Not generic, so that one copy serves all operand kinds.
  @inline(never)
  private static func multiply(
    rows: Int, columns: Int, depth: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
    c: UnsafeMutablePointer<Float>, cStride: Int, accumulate: Bool,
    edge: UnsafeMutablePointer<Float>
  ) {
    for column in stride(from: 0, to: columns, by: ProductBlock.columns) {
      let bPanel = b + column * depth
      let width = min(ProductBlock.columns, columns - column)
      for row in stride(from: 0, to: rows, by: ProductBlock.rows) {
        let target = c + row * cStride + column
        let height = min(ProductBlock.rows, rows - row)
        let whole = width == ProductBlock.columns && height == ProductBlock.rows
        ProductBlock.run(
          depth: depth, a: a + row * depth, b: bPanel, bStride: ProductBlock.columns,
          c: whole ? target : edge, cStride: whole ? cStride : ProductBlock.columns,
          accumulate: whole && accumulate)
        if !whole { copyEdge(edge, height, width, target, cStride, accumulate) }
      }
    }
  }

  private static func copyEdge(
    _ edge: UnsafePointer<Float>, _ height: Int, _ width: Int,
    _ target: UnsafeMutablePointer<Float>, _ cStride: Int, _ accumulate: Bool
  ) {
    for i in 0..<height {
      let from = edge + i * ProductBlock.columns
      let to = target + i * cStride
      for j in 0..<width { to[j] = accumulate ? to[j] + from[j] : from[j] }
    }
  }
}

/// The smallest multiple of `step` that is not less than `value`.
@inline(__always)
func roundUp(_ value: Int, _ step: Int) -> Int { (value + step - 1) / step * step }
