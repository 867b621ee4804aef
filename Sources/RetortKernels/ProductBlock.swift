import RetortTensor

/// The innermost block of the matrix product: 8 rows by 32 columns held in sixteen vectors.
///
/// Sixteen accumulators, two columns vectors and one broadcast fit the 32 registers of AVX-512, and
/// sixteen independent chains cover the latency of its two multiply-add ports.
enum ProductBlock {
  static let rows = 8
  static let columns = 32
  static let elementCount = rows * columns

  /// `c[8, 32] = (accumulate ? c : 0) + Σₖ a[k, 8] · b[k, 32]`, the sum over `k` in order, each
  /// product and sum rounded once.
  ///
  /// - Parameters:
  ///   - a: `depth` groups of 8 floats, without gaps.
  ///   - b: `depth` rows of 32 floats, `bStride` apart.
  ///   - c: 8 rows of 32 floats, `cStride` apart.
  @inline(__always)
  static func run(
    depth: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>, bStride: Int,
    c: UnsafeMutablePointer<Float>, cStride: Int, accumulate: Bool
  ) {
    var c00 = LaneBlock.zero, c01 = LaneBlock.zero, c10 = LaneBlock.zero, c11 = LaneBlock.zero
    var c20 = LaneBlock.zero, c21 = LaneBlock.zero, c30 = LaneBlock.zero, c31 = LaneBlock.zero
    var c40 = LaneBlock.zero, c41 = LaneBlock.zero, c50 = LaneBlock.zero, c51 = LaneBlock.zero
    var c60 = LaneBlock.zero, c61 = LaneBlock.zero, c70 = LaneBlock.zero, c71 = LaneBlock.zero
    var a = a, b = b
    for _ in 0..<depth {
      let b0 = LaneBlock.load(b), b1 = LaneBlock.load(b + 16)
      step(&c00, &c01, a[0], b0, b1)
      step(&c10, &c11, a[1], b0, b1)
      step(&c20, &c21, a[2], b0, b1)
      step(&c30, &c31, a[3], b0, b1)
      step(&c40, &c41, a[4], b0, b1)
      step(&c50, &c51, a[5], b0, b1)
      step(&c60, &c61, a[6], b0, b1)
      step(&c70, &c71, a[7], b0, b1)
      a += rows
      b += bStride
    }
    finish(c00, c01, c, accumulate)
    finish(c10, c11, c + cStride, accumulate)
    finish(c20, c21, c + 2 * cStride, accumulate)
    finish(c30, c31, c + 3 * cStride, accumulate)
    finish(c40, c41, c + 4 * cStride, accumulate)
    finish(c50, c51, c + 5 * cStride, accumulate)
    finish(c60, c61, c + 6 * cStride, accumulate)
    finish(c70, c71, c + 7 * cStride, accumulate)
  }

  @inline(__always)
  private static func step(
    _ c0: inout LaneBlock, _ c1: inout LaneBlock, _ a: Float, _ b0: LaneBlock, _ b1: LaneBlock
  ) {
    let a = LaneBlock(repeating: a)
    c0 = c0.addingProduct(a, b0)
    c1 = c1.addingProduct(a, b1)
  }

  @inline(__always)
  private static func finish(
    _ c0: LaneBlock, _ c1: LaneBlock, _ c: UnsafeMutablePointer<Float>, _ accumulate: Bool
  ) {
    if accumulate {
      (LaneBlock.load(c) + c0).store(c)
      (LaneBlock.load(c + 16) + c1).store(c + 16)
    } else {
      c0.store(c)
      c1.store(c + 16)
    }
  }
}
