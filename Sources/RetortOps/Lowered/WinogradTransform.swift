/// The matrices of F(t, 3): `t` outputs of a correlation with three taps by `t + 2` products,
/// `y = Aᵀ((G g) ∘ (Bᵀ d))`, in two dimensions by applying them to both axes.
///
/// Interpolation points: 0, 1, −1 and ∞ for t = 2; also 2 and −2 for t = 4.
///
/// Source: A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016.
struct WinogradTransform {
  /// Outputs along an axis.
  let tile: Int
  /// `[t + 2, t + 2]`
  let input: [[Double]]
  /// `[t + 2, 3]`
  let kernel: [[Double]]
  /// `[t, t + 2]`
  let output: [[Double]]

  /// Positions along an axis.
  var points: Int { tile + 2 }

  static func of(tile: Int) -> WinogradTransform { tile == 2 ? two : four }

  private static let two = WinogradTransform(
    tile: 2,
    input: [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, -1, 0, 1]],
    kernel: [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]],
    output: [[1, 1, 1, 0], [0, 1, -1, 1]])

  private static let four = WinogradTransform(
    tile: 4,
    input: [
      [4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0],
      [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1],
    ],
    kernel: [
      [1.0 / 4, 0, 0], [-1.0 / 6, -1.0 / 6, -1.0 / 6], [-1.0 / 6, 1.0 / 6, -1.0 / 6],
      [1.0 / 24, 1.0 / 12, 1.0 / 6], [1.0 / 24, -1.0 / 12, 1.0 / 6], [0, 0, 1],
    ],
    output: [
      [1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1],
    ])

  /// `M X Mᵀ` for a square X, row by row.
  static func both(_ m: [[Double]], _ x: [Double]) -> [Double] {
    let inner = m[0].count
    var result: [Double] = []
    result.reserveCapacity(m.count * m.count)
    for left in m {
      for right in m {
        var sum = 0.0
        for i in 0..<inner {
          for j in 0..<inner { sum += left[i] * right[j] * x[i * inner + j] }
        }
        result.append(sum)
      }
    }
    return result
  }
}
