import RetortTensor

/// A block of the output of a matrix product, computed from panels packed into scratch, or from the
/// operands where they lie if packing would not pay.
///
/// The depth is cut into slices of `depthPerSlice`, each of which goes on with the sums of the one
/// before. So an element is one sum over the depth in order, by fused multiply-adds, and depends
/// neither on where blocks begin nor on what was packed.
enum ProductTile {
  /// Sixteen columns of one slice fill half of a 32 KiB first-level cache.
  static let depthPerSlice = 256

  /// A block whose panel is narrower than the registers.
  private static var edgeCount: Int { PanelBlock.rows * PanelBlock.columns }

  /// Scratch for tiles of at most `rows × columns`.
  static func scratchByteCount(rows: Int, columns: Int, depth: Int) -> Int {
    let slice = min(depth, depthPerSlice)
    let lines = rows + PanelBlock.rows + roundUp(columns, PanelBlock.columns)
    return 4 * (lines * slice + edgeCount) + 64
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
    let height = PanelRows.height(rows: rows.count)
    let edge = scratch.alignedUp(toMultipleOf: 64).assumingMemoryBound(to: Float.self)
    let bPacked = edge + edgeCount
    let aPacked = bPacked + roundUp(columns.count, PanelBlock.columns) * slice
    var start = 0
    while start < depth {
      let range = start..<min(start + slice, depth)
      multiply(
        rows: rows.count, columns: columns.count, depth: range.count,
        a: left(a, rows, height, range, aPacked),
        b: right(b, columns, rows.count, range, bPacked),
        c: c, cStride: cStride, accumulate: accumulate || start > 0, edge: edge)
      start = range.upperBound
    }
  }

  /// Where blocks of an operand's lines are: `groupStride` between blocks, `lineStride` between a
  /// block's lines (1 for columns).
  private struct Blocks {
    let base: UnsafePointer<Float>
    let lines: Int
    let groupStride: Int
    let lineStride: Int
    let depthStride: Int
    /// The last panel, if it is narrower and therefore lies elsewhere, packed.
    var narrow: UnsafePointer<Float>?
  }

  /// Rows of a matrix whose depth is dense are read where they lie: packing them costs up to 7 % of
  /// a product of 64 rows and gains nothing for more.
  @inline(__always)
  private static func left<A: ProductPanels>(
    _ a: A, _ rows: Range<Int>, _ height: Int, _ depth: Range<Int>,
    _ scratch: UnsafeMutablePointer<Float>
  ) -> Blocks {
    if let m = a.matrix, m.depthStride == 1 {
      return Blocks(
        base: m.base + rows.lowerBound * m.lineStride + depth.lowerBound, lines: height,
        groupStride: height * m.lineStride, lineStride: m.lineStride, depthStride: 1)
    }
    packAll(a, rows, height, depth, scratch)
    return Blocks(
      base: UnsafePointer(scratch), lines: height, groupStride: height * depth.count,
      lineStride: 1, depthStride: height)
  }

  /// Columns of a matrix whose lines are dense are read where they lie if few rows share them.
  @inline(__always)
  private static func right<B: ProductPanels>(
    _ b: B, _ columns: Range<Int>, _ rows: Int, _ depth: Range<Int>,
    _ scratch: UnsafeMutablePointer<Float>
  ) -> Blocks {
    let width = PanelBlock.columns
    if let m = b.matrix, m.lineStride == 1, rows <= 2 * PanelBlock.rows {
      let rest = columns.count % width
      if rest > 0 { packAll(b, columns.suffix(rest), width, depth, scratch) }
      return Blocks(
        base: m.base + columns.lowerBound + depth.lowerBound * m.depthStride, lines: width,
        groupStride: width, lineStride: 1, depthStride: m.depthStride,
        narrow: rest > 0 ? UnsafePointer(scratch) : nil)
    }
    packAll(b, columns, width, depth, scratch)
    return Blocks(
      base: UnsafePointer(scratch), lines: width, groupStride: width * depth.count, lineStride: 1,
      depthStride: width)
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

  /// The product of all blocks. Not generic, so that one copy serves all operand kinds.
  @inline(never)
  private static func multiply(
    rows: Int, columns: Int, depth: Int, a: Blocks, b: Blocks, c: UnsafeMutablePointer<Float>,
    cStride: Int, accumulate: Bool, edge: UnsafeMutablePointer<Float>
  ) {
    var panel = b.base
    for column in stride(from: 0, to: columns, by: PanelBlock.columns) {
      let width = min(PanelBlock.columns, columns - column)
      let isNarrow = width < PanelBlock.columns
      let narrow = isNarrow ? b.narrow : nil
      var left = a.base
      for row in stride(from: 0, to: rows, by: a.lines) {
        let target = c + row * cStride + column
        let height = min(a.lines, rows - row)
        if isNarrow && accumulate { copy(target, cStride, height, width, edge, PanelBlock.columns) }
        PanelRows.multiplyBlock(
          rows: height, depth: depth, a: left, aStride: a.lineStride, depthStride: a.depthStride,
          b: narrow ?? panel, bStride: narrow == nil ? b.depthStride : PanelBlock.columns,
          c: isNarrow ? edge : target, cStride: isNarrow ? PanelBlock.columns : cStride,
          accumulates: accumulate, ahead: UnsafeRawPointer(left + a.groupStride),
          aheadStep: 4 * a.depthStride)
        if isNarrow { copy(edge, PanelBlock.columns, height, width, target, cStride) }
        left += a.groupStride
      }
      panel += b.groupStride
    }
  }

  private static func copy(
    _ source: UnsafePointer<Float>, _ sourceStride: Int, _ rows: Int, _ columns: Int,
    _ target: UnsafeMutablePointer<Float>, _ targetStride: Int
  ) {
    for row in 0..<rows {
      for column in 0..<columns {
        target[row &* targetStride &+ column] = source[row &* sourceStride &+ column]
      }
    }
  }
}

/// The smallest multiple of `step` that is not less than `value`.
@inline(__always)
func roundUp(_ value: Int, _ step: Int) -> Int { (value + step - 1) / step * step }
