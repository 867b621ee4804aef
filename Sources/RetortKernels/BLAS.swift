import COpenBLAS

/// Matrix products by OpenBLAS: `C = alpha · op(A) · op(B) + beta · C`, row-major.
///
/// Shapes: `op(A): [rows, depth]`, `op(B): [depth, columns]`, `C: [rows, columns]`; the strides are
/// those between stored rows. With `beta` 0, C is not read.
package enum BLAS {
  /// The threads of OpenBLAS's own pool. The runtime sets 1: its tiles are the parallelism, and the
  /// order of sums must not depend on a thread count.
  package static func setThreads(_ count: Int) { openblas_set_num_threads(Int32(count)) }

  package static func sgemm(
    rows: Int, columns: Int, depth: Int, alpha: Float = 1,
    a: UnsafePointer<Float>, aStride: Int, transposesA: Bool = false,
    b: UnsafePointer<Float>, bStride: Int, transposesB: Bool = false,
    beta: Float = 0, c: UnsafeMutablePointer<Float>, cStride: Int
  ) {
    guard rows > 0, columns > 0 else { return }
    cblas_sgemm(
      CblasRowMajor, transposesA ? CblasTrans : CblasNoTrans,
      transposesB ? CblasTrans : CblasNoTrans, .init(rows), .init(columns), .init(depth), alpha,
      a, .init(max(1, aStride)), b, .init(max(1, bStride)), beta, c, .init(max(1, cStride)))
  }
}
