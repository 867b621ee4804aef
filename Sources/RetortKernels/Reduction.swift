import RetortTensor

/// What a reduction computes. NaN anywhere gives NaN; over no elements the sum is 0, the mean NaN,
/// the maximum −∞, the minimum ∞.
package enum ReductionKind: String, Sendable, Hashable, CaseIterable {
  case sum, mean, maximum, minimum
}

/// Reduces the middle axis of `[outer, reduced, inner]`.
///
/// Sums: along contiguous rows (`inner` 1) blocks of 1024 elements are summed in 64 lanes and their
/// totals in Double, so the error is under `24 · 2⁻²⁴ · Σ|x|`; otherwise runs of 32 rows are summed
/// in order and their totals in order, so it is under `(33 + reduced / 32) · 2⁻²⁴ · Σ|x|`. The
/// order depends on the extents alone.
package struct ReductionKernel: Sendable, Hashable {
  package let kind: ReductionKind
  package let outer: Int
  package let reduced: Int
  package let inner: Int
  /// Sums are divided by this: for a mean the number of elements, through all steps of a plan.
  package let divisor: Float

  package init(
    _ kind: ReductionKind, outer: Int, reduced: Int, inner: Int, divisor: Int? = nil
  ) {
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
  private var unitCount: Int { outer * unitsPerRow }
  private var unitsPerTile: Int {
    max(1, 32768 / max(1, reduced * min(inner, Self.columnsPerUnit)))
  }

  package var tileCount: Int {
    inner == 0 ? 0 : (unitCount + unitsPerTile - 1) / unitsPerTile
  }

  /// `y: [outer, inner]`.
  package func run(tile: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>) {
    for unit in tile * unitsPerTile..<min((tile + 1) * unitsPerTile, unitCount) {
      if inner == 1 {
        y[unit] = Self.row(kind, x + unit * reduced, reduced) / divisor
        continue
      }
      let (row, block) = unit.quotientAndRemainder(dividingBy: unitsPerRow)
      let first = block * Self.columnsPerUnit
      for column in stride(from: first, to: min(first + Self.columnsPerUnit, inner), by: 16) {
        let count = min(16, inner - column)
        let total = columns(x + row * reduced * inner + column, count)
        (total / LaneBlock(repeating: divisor)).store(y + row * inner + column, count: count)
      }
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
  private func columns(_ x: UnsafePointer<Float>, _ count: Int) -> LaneBlock {
    switch kind {
    case .sum, .mean:
      var total = LaneBlock.zero
      for start in stride(from: 0, to: reduced, by: 32) {
        var run = LaneBlock.zero
        for row in start..<min(start + 32, reduced) {
          run += LaneBlock.load(x + row &* inner, count: count)
        }
        total += run
      }
      return total
    case .maximum:
      var best = LaneBlock(repeating: -.infinity)
      for row in 0..<reduced {
        best = LaneBlock.maximum(best, LaneBlock.load(x + row &* inner, count: count))
      }
      return best
    case .minimum:
      var best = LaneBlock(repeating: .infinity)
      for row in 0..<reduced {
        best = LaneBlock.minimum(best, LaneBlock.load(x + row &* inner, count: count))
      }
      return best
    }
  }
}
