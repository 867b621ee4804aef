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
enum PanelBlock {
  /// Columns of a panel.
  static let columns = 16
  /// Rows that are computed together.
  static var rows: Int { retort_built_for_avx512 != 0 ? 12 : 6 }

  /// `sums[r] += Σₖ a[r · rowStride + k · depthStride] · b[k · bStride ..< + 16]`, the sum over `k`
  /// in order, each product and sum rounded once.
  @inline(__always)
  static func accumulate<let rowCount: Int>(
    _ sums: inout InlineArray<rowCount, LaneBlock>, depth: Int, a: UnsafePointer<Float>,
    rowStride: Int, depthStride: Int = 1, b: UnsafePointer<Float>, bStride: Int = columns
  ) {
    var a = a, b = b
    for _ in 0..<depth {
      let right = LaneBlock.load(b)
      for row in 0..<rowCount {
        sums[row] = sums[row].addingProduct(LaneBlock(repeating: a[row &* rowStride]), right)
      }
      a += depthStride
      b += bStride
    }
  }
}
