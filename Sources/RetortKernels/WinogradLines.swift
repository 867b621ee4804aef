/// The one-dimensional transforms of F(t, 3): t outputs of a filter of three taps from `points =
/// t + 2` products instead of 3 · t.
///
/// The outputs are `A (G w ∘ B d)` for inputs `d` and taps `w`: polynomials are multiplied by their
/// values at `points` interpolation points, 0, ±1, ∞ for t = 2 and also ±2 for t = 4.
/// Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016, section 4.
enum WinogradLines {
  /// `B d`.
  @inline(__always)
  static func input<let points: Int, L: ChannelLanes>(
    _ d: InlineArray<points, L>
  ) -> InlineArray<points, L> {
    var v = d
    if points == 4 {
      v[0] = d[0] - d[2]
      v[1] = d[1] + d[2]
      v[2] = d[2] - d[1]
      v[3] = d[1] - d[3]
      return v
    }
    let evens = d[4].adding(-4, times: d[2])
    let odds = d[3].adding(-4, times: d[1])
    let evensOf2 = d[4] - d[2]
    let half = d[3] - d[1]
    let oddsOf2 = half + half
    v[0] = d[4].adding(-5, times: d[2]).adding(4, times: d[0])
    v[1] = evens + odds
    v[2] = evens - odds
    v[3] = evensOf2 + oddsOf2
    v[4] = evensOf2 - oddsOf2
    v[5] = d[5].adding(-5, times: d[3]).adding(4, times: d[1])
    return v
  }

  /// `A m`: the first `points − 2` elements; the others mean nothing.
  @inline(__always)
  static func output<let points: Int, L: ChannelLanes>(
    _ m: InlineArray<points, L>
  ) -> InlineArray<points, L> {
    var y = m
    let sum = m[1] + m[2]
    let difference = m[1] - m[2]
    if points == 4 {
      y[0] = m[0] + sum
      y[1] = difference - m[3]
      return y
    }
    let sumOf2 = m[3] + m[4]
    let differenceOf2 = m[3] - m[4]
    y[0] = m[0] + sum + sumOf2
    y[1] = difference.adding(2, times: differenceOf2)
    y[2] = sum.adding(4, times: sumOf2)
    y[3] = (m[5] + difference).adding(8, times: differenceOf2)
    return y
  }
}
