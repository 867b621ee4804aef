import RetortTensor

/// What a reduction computes. NaN anywhere gives NaN; over no elements the sum is 0, the mean NaN,
/// the maximum −∞, the minimum ∞.
package enum ReductionKind: String, Sendable, Hashable, CaseIterable {
  case sum, mean, maximum, minimum
}

/// Reduces the middle axis of `[outer, reduced, inner]`.
///
/// Sums: contiguous rows (`inner` 1) of less than 16 elements are summed in order, longer ones in
/// blocks of 1024 elements in 64 lanes and their totals in Double, so the error is under
/// `24 · 2⁻²⁴ · Σ|x|`; otherwise runs of 32 rows are summed
/// in order and their totals in order, so it is under `(33 + reduced / 32) · 2⁻²⁴ · Σ|x|`. The
/// order depends on the extents alone. A long axis may be cut into parts, each reduced by itself:
/// then the result is `[outer, parts, inner]`.
package struct ReductionKernel: Sendable, Hashable {
  package let kind: ReductionKind
  package let outer: Int
  package let reduced: Int
  package let inner: Int
  /// Sums are divided by this: for a mean the number of elements, through all steps of a plan.
  package let divisor: Float
  /// Elements of the axis that are reduced together, all but in the last part.
  package let partExtent: Int

  package init(
    _ kind: ReductionKind, outer: Int, reduced: Int, inner: Int, divisor: Int? = nil,
    partExtent: Int? = nil
  ) {
    self.partExtent = max(1, partExtent ?? reduced)
    self.kind = kind
    self.outer = outer
    self.reduced = reduced
    self.inner = inner
    self.divisor = kind == .mean ? Float(divisor ?? reduced) : 1
  }

  /// Up to this many neighbouring columns are reduced together.
  private static let columnsPerUnit = 64
  private var unitsPerRow: Int {
    inner == 1 ? 1 : (inner + Self.columnsPerUnit - 1) / Self.columnsPerUnit
  }
  package var partCount: Int { max(1, (reduced + partExtent - 1) / partExtent) }
  private var unitCount: Int { outer * partCount * unitsPerRow }
  private var unitsPerTile: Int {
    let extent = max(1, min(reduced, partExtent))
    // At least sixteen tiles where each has something to do.
    let most = max(1, 32768 / (extent * min(max(1, inner), Self.columnsPerUnit)))
    return min(most, max(1, unitCount / 16, most / 8))
  }

  package var tileCount: Int {
    inner == 0 ? 0 : (unitCount + unitsPerTile - 1) / unitsPerTile
  }

  /// `y: [outer, parts, inner]`.
  package func run(tile: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>) {
    let units = tile * unitsPerTile..<min((tile + 1) * unitsPerTile, unitCount)
    if inner == 1, reduced < 16, partCount == 1 {
      shortRows(units, x, y)
      return
    }
    for unit in units {
      let (line, block) = unit.quotientAndRemainder(dividingBy: unitsPerRow)
      let (row, part) = line.quotientAndRemainder(dividingBy: partCount)
      let start = part * partExtent
      let extent = min(partExtent, reduced - start)
      let from = x + (row * reduced + start) * inner
      if inner == 1 {
        y[unit] = Self.row(kind, from, extent) / divisor
        continue
      }
      let first = block * Self.columnsPerUnit
      for column in stride(from: first, to: min(first + Self.columnsPerUnit, inner), by: 16) {
        let count = min(16, inner - column)
        let total = columns(from + column, extent, count)
        (total / LaneBlock(repeating: divisor)).store(y + line * inner + column, count: count)
      }
    }
  }

  /// Rows so short, pixels of three channels say, that setting up lanes would take longer than they.
  private func shortRows(
    _ rows: Range<Int>, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
  ) {
    switch kind {
    case .sum, .mean: shortRows(rows, x, y, 0) { $0 + $1 }
    case .maximum: shortRows(rows, x, y, -.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 }
    case .minimum: shortRows(rows, x, y, .infinity) { $1 < $0 || $1.isNaN ? $1 : $0 }
    }
  }

  @inline(__always)
  private func shortRows(
    _ rows: Range<Int>, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ identity: Float, _ combine: (Float, Float) -> Float
  ) {
    for row in rows {
      let from = x + row &* reduced
      var total = identity
      for i in 0..<reduced { total = combine(total, from[i]) }
      y[row] = total / divisor
    }
  }

  /// Reduces `count` contiguous elements.
  static func row(_ kind: ReductionKind, _ x: UnsafePointer<Float>, _ count: Int) -> Float {
    switch kind {
    case .sum, .mean: rowSum(x, count)
    case .maximum: rowExtremum(x, count, -.infinity) { LaneBlock.maximum($0, $1) }
    case .minimum: rowExtremum(x, count, .infinity) { LaneBlock.minimum($0, $1) }
    }
  }

  private static func rowSum(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    var total = 0.0
    for start in stride(from: 0, to: count, by: 1024) {
      let length = min(1024, count - start)
      let block = x + start
      var a = LaneBlock.zero, b = LaneBlock.zero, c = LaneBlock.zero, d = LaneBlock.zero
      var i = 0
      while i &+ 64 <= length {
        a += LaneBlock.load(block + i)
        b += LaneBlock.load(block + (i &+ 16))
        c += LaneBlock.load(block + (i &+ 32))
        d += LaneBlock.load(block + (i &+ 48))
        i &+= 64
      }
      while i < length {
        a += LaneBlock.load(block + i, count: min(16, length &- i))
        i &+= 16
      }
      total += Double(((a + b) + (c + d)).sum())
    }
    return Float(total)
  }

  @inline(__always)
  private static func rowExtremum(
    _ x: UnsafePointer<Float>, _ count: Int, _ identity: Float,
    _ combine: (LaneBlock, LaneBlock) -> LaneBlock
  ) -> Float {
    var best = LaneBlock(repeating: identity)
    var i = 0
    while i &+ 16 <= count {
      best = combine(best, LaneBlock.load(x + i))
      i &+= 16
    }
    if i < count {
      var rest = LaneBlock(repeating: identity)
      for lane in 0..<(count - i) { rest[lane] = x[i + lane] }
      best = combine(best, rest)
    }
    var result = LaneBlock(repeating: identity)
    for lane in 0..<16 { result = combine(result, LaneBlock(repeating: best[lane])) }
    return result[0]
  }

  /// Reduces `count ≤ 16` neighbouring columns.
  private func columns(_ x: UnsafePointer<Float>, _ extent: Int, _ count: Int) -> LaneBlock {
    if count < 16 {
      return columns(extent, x) { LaneBlock.load($0, count: count) }
    }
    return columns(extent, x) { LaneBlock.load($0) }
  }

  @inline(__always)
  private func columns(
    _ extent: Int, _ x: UnsafePointer<Float>, _ load: (UnsafePointer<Float>) -> LaneBlock
  ) -> LaneBlock {
    switch kind {
    case .sum, .mean:
      var total = LaneBlock.zero
      for start in stride(from: 0, to: extent, by: 32) {
        var run = LaneBlock.zero
        for row in start..<min(start + 32, extent) { run += load(x + row &* inner) }
        total += run
      }
      return total
    case .maximum:
      var best = LaneBlock(repeating: -.infinity)
      for row in 0..<extent { best = LaneBlock.maximum(best, load(x + row &* inner)) }
      return best
    case .minimum:
      var best = LaneBlock(repeating: .infinity)
      for row in 0..<extent { best = LaneBlock.minimum(best, load(x + row &* inner)) }
      return best
    }
  }
}
