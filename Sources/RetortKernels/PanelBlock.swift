import COpenBLAS
import RetortTensor

/// The innermost block of every product: a few rows by one panel of sixteen columns, held in
/// registers while the depth runs.
///
/// The left operand is read where it lies, one element broadcast at a time, so that it needs no
/// packing; the right one is a *panel*, sixteen columns of each depth beside each other. Six rows
/// of two 256-bit vectors are twelve accumulators of AVX2's sixteen registers; twelve rows of one
/// 512-bit vector are twelve of AVX-512's thirty-two. Both cover the latency of two multiply-add
/// units (5 cycles · 2) and reach 98 % of the core's peak while the operands lie in the first-level
/// cache.
package enum PanelBlock {
  /// Columns of a panel.
  package static let columns = 16
  /// Rows that are computed together.
  static var rows: Int { retort_built_for_avx512 != 0 ? 12 : 6 }

  /// `sums[r] += Σₖ a[r · rowStride + k · depthStride] · b[k · bStride ..< + 16]`, the sum over `k`
  /// in order, each product and sum rounded once; at most 12 rows.
  ///
  /// With each `k` the cache line at `ahead + k · aheadStep` (bytes) is asked for. Panels that do
  /// not lie in the cache must be: hardware begins anew with each of them, and a product of 28 rows
  /// by panels from the third-level cache then runs at 70 instead of 90 GFLOP/s.
  @inline(__always)
  static func accumulate<let rowCount: Int>(
    _ sums: inout InlineArray<rowCount, LaneBlock>, depth: Int, a: UnsafePointer<Float>,
    rowStride: Int, depthStride: Int = 1, b: UnsafePointer<Float>, bStride: Int = columns,
    ahead: UnsafeRawPointer? = nil, aheadStep: Int = 0
  ) {
    // A pointer for every third row, advanced by one addition each: pointers derived from one
    // another would be a chain of additions as long as the products themselves.
    var lines = InlineArray<4, UnsafePointer<Float>>(repeating: a)
    for group in 0..<4 { lines[group] = a + 3 &* group &* rowStride }
    var b = b
    var next = ahead
    for _ in 0..<depth {
      let right = LaneBlock.load(b)
      if let line = next {
        retort_prefetch(line)
        next = line + aheadStep
      }
      for group in 0..<4 {
        let row = 3 &* group
        if row < rowCount { add(lines[group][0], right, &sums[row]) }
        if row + 1 < rowCount { add(lines[group][rowStride], right, &sums[row + 1]) }
        if row + 2 < rowCount { add(lines[group][2 &* rowStride], right, &sums[row + 2]) }
        lines[group] += depthStride
      }
      b += bStride
    }
  }

  @inline(__always)
  private static func add(_ left: Float, _ right: LaneBlock, _ sum: inout LaneBlock) {
    sum = sum.addingProduct(LaneBlock(repeating: left), right)
  }
}
