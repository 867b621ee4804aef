/// The tests and intervals of an evaluation (DEFENCE 6.2).
///
/// In all of them `n` is the number of images, `b` counts those that are right under A and wrong
/// under B, and `c` the reverse.
package enum Statistics {
  /// The 97.5 % quantile of the normal distribution: two-sided intervals at 95 %.
  package static let twoSided = 1.959963984540054
  /// The 95 % quantile: one-sided bounds at 95 %.
  package static let oneSided = 1.6448536269514722
  /// The 80 % quantile: a power of 80 %.
  package static let power = 0.8416212335729143

  /// The two-sided p of McNemar's exact test: `min(1, 2 Σ_{i ≤ min(b,c)} C(b+c, i) / 2^(b+c))`.
  ///
  /// The greatest term is a product that carries its power of two apart, so that neither the
  /// coefficient nor `2^-(b+c)` leaves the range of a `Double`; the others follow from it by
  /// `C(m, i-1) = C(m, i) i / (m-i+1)`. `p` is 1 where the arms never differ.
  /// - Complexity: O(b + c).
  /// Source: McNemar 1947, in its exact (binomial) form.
  package static func mcNemar(_ b: Int, _ c: Int) -> Double {
    precondition(b >= 0 && c >= 0, "counts are not negative")
    let (count, least) = (b + c, min(b, c))
    if b == c { return 1 }
    var (significand, exponent) = (1.0, 1 - count)
    for i in 0..<least {
      significand *= Double(count - i) / Double(least - i)
      exponent += Int(significand.exponent)
      significand = significand.significand
    }
    var (term, sum) = (1.0, 1.0)
    for i in stride(from: least, to: 0, by: -1) where term > 0 {
      term *= Double(i) / Double(count - i + 1)
      sum += term
    }
    return min(1, Double(sign: .plus, exponent: exponent, significand: significand * sum))
  }

  /// Holm's step-down adjustment of `m` p-values: in rising order,
  /// `p̃_(k) = max_{j ≤ k} min(1, (m - j + 1) p_(j))`, given back in the order they came in.
  ///
  /// A hypothesis is rejected at family-wise level α where its adjusted p is at most α.
  /// Source: Holm 1979, Scandinavian Journal of Statistics 6.
  package static func holm(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    var adjusted = values
    var greatest = 0.0
    for (rank, index) in order.enumerated() {
      greatest = max(greatest, min(1, Double(values.count - rank) * values[index]))
      adjusted[index] = greatest
    }
    return adjusted
  }

  /// Wilson's 95 % interval of a share `p = right / n`, with `z = 1.96`:
  /// `(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)`; everything for no images.
  ///
  /// Source: Wilson 1927.
  package static func wilson(_ right: Int, of count: Int, z: Double = twoSided) -> Interval {
    precondition(0 <= right && right <= count, "a share is of its images")
    guard count > 0 else { return Interval(0, 1) }
    let n = Double(count)
    let share = Double(right) / n
    let centre = share + z * z / (2 * n)
    let reach = z * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
    let scale = 1 + z * z / n
    // Exact at the ends, where the difference of the two terms would leave a rounding error.
    return Interval(
      right == 0 ? 0 : (centre - reach) / scale, right == count ? 1 : (centre + reach) / scale)
  }

  /// Tango's 95 % score interval of the paired difference `θ = (b - c)/n`: all `Δ` with
  /// `|b - c - nΔ| ≤ z √(n (2q + Δ(1-Δ)))`, where `q = (√(B² - 4AC) - B) / 2A`, `A = 2n`,
  /// `B = (2n - b + c)Δ - b - c`, `C = -cΔ(1-Δ)` is the most likely share of `c` under `Δ`.
  ///
  /// Chosen because it inverts McNemar's own score test, needs `b`, `c` and `n` alone, and keeps
  /// its level where few images differ, where Wald's interval `θ ± z √(ψ - θ²)/√n` is too short
  /// and is a point for `b = c = 0`.
  /// Source: Tango 1998, Statistics in Medicine 17.
  package static func pairedDifference(
    _ b: Int, _ c: Int, of count: Int, z: Double = twoSided
  ) -> Interval {
    precondition(b >= 0 && c >= 0 && b + c <= count, "more images differ than there are")
    guard count > 0 else { return Interval(-1, 1) }
    let difference = Double(b - c) / Double(count)
    func isInside(_ delta: Double) -> Bool {
      abs(score(delta, Double(b), Double(c), Double(count))) <= z
    }
    return Interval(
      boundary(from: difference, to: -1, isInside), boundary(from: difference, to: 1, isInside))
  }

  /// The upper one-sided 95 % bound of the share that A loses against B, `(c - b)/n`: the upper end
  /// of the interval above at `z = 1.645` (H3).
  package static func greatestLoss(_ b: Int, _ c: Int, of count: Int) -> Double {
    pairedDifference(c, b, of: count, z: oneSided).high
  }

  /// Tango's statistic `(b - c - nΔ) / √(n (2q + Δ(1-Δ)))`.
  private static func score(_ delta: Double, _ b: Double, _ c: Double, _ n: Double) -> Double {
    let linear = (2 * n - b + c) * delta - b - c
    let constant = -c * delta * (1 - delta)
    let root = max(0, linear * linear - 8 * n * constant).squareRoot()
    let variance = n * (2 * (root - linear) / (4 * n) + delta * (1 - delta))
    let distance = b - c - n * delta
    return distance == 0 ? 0 : distance / max(0, variance).squareRoot()
  }

  /// Where `isInside` ends between a value inside and a limit, by bisection.
  private static func boundary(
    from start: Double, to limit: Double, _ isInside: (Double) -> Bool
  ) -> Double {
    if isInside(limit) { return limit }
    var (inside, outside) = (start, limit)
    for _ in 0..<60 {
      let middle = (inside + outside) / 2
      if isInside(middle) { inside = middle } else { outside = middle }
    }
    return inside
  }

  /// How many images decide a true difference `d` (two-sided 5 %, power 80 %), where the arms
  /// differ on the share `ψ`: `n = (z √ψ + w √(ψ - d²))² / d²`, `z = 1.960`, `w = 0.842`.
  ///
  /// Infinite for no difference. No more images can differ in one direction than differ at all, so
  /// `ψ` counts as at least `d`. Source: DEFENCE 6.2; Connor 1987.
  package static func neededImages(difference: Double, differing: Double) -> Double {
    let d = abs(difference)
    guard d > 0 else { return .infinity }
    let psi = max(differing, d)
    let sum = twoSided * psi.squareRoot() + power * max(0, psi - d * d).squareRoot()
    return sum * sum / (d * d)
  }

  /// The least difference that so many images decide: the inverse of `neededImages`; 1 where even a
  /// difference on all images would not be.
  package static func decidableDifference(images: Int, differing: Double) -> Double {
    func isDecided(_ difference: Double) -> Bool {
      neededImages(difference: difference, differing: differing) <= Double(images)
    }
    guard isDecided(1) else { return 1 }
    return boundary(from: 1, to: 0, isDecided)
  }
}
