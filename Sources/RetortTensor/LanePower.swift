extension SIMD16 where Scalar == Float {
  /// `aᵇ`, within 2 ulp, with the special values of C's `pow`: 1 where `b = 0` or `a = 1` (even
  /// beside NaN), NaN for negative `a` unless `b` is an integer.
  ///
  /// `|a|ᵇ = 2^(b log₂ |a|)`. The logarithm and the product are kept as unevaluated sums of two
  /// floats, because their error is multiplied by up to 128 in the result.
  @inlinable @inline(__always)
  public static func power(_ a: Self, _ b: Self) -> Self {
    let base = a.magnitude()
    let log = base.logarithmBase2()
    let high = b * log.high
    let limit = Self(repeating: 300)
    let within = high.magnitude() .< limit
    var low = (b * log.low) + (-high).addingProduct(b, log.high)
    low = select(within, low, .zero)
    let y = maximum(minimum(high, limit), -limit)
    let clamped = maximum(minimum(y, Self(repeating: 200)), Self(repeating: -200))
    let shifted = clamped + unitSpacing
    let r = ((clamped - (shifted - unitSpacing)) + low) * 0.6931471805599453
    var result = r.exponentialSeries().scaled(byPowerIn: shifted)

    let one = Self(repeating: 1)
    result = select((base .== one) .& (b .== b), one, result)
    let isInteger = b.rounded(.down) .== b
    let halved = b * 0.5
    let isOdd = isInteger .& (halved.rounded(.down) .!= halved)
    let isNegative = a.signBits .!= Words(repeating: 0)
    result = select(isNegative .& isOdd, -result, result)
    result = select(
      (a .< 0) .& .!isInteger .& (base .< .init(repeating: .infinity)),
      Self(repeating: .nan), result)
    return select((b .== 0) .| (a .== one), one, result)
  }

  /// `log₂ x` of lanes that are not negative, as a sum of two floats; relative error near 2⁻³⁰.
  @inlinable @inline(__always)
  func logarithmBase2() -> (high: Self, low: Self) {
    let (e, m) = splitExponent()
    // s = f / (2 + f) with the rounding errors of the sum and of the quotient in s′.
    let f = m - 1
    let d = m + 1
    let dLow = (1 - d) + m
    let s = f / d
    let sLow = (f.addingProduct(-s, d) - s * dLow) / d
    // ln m = 2 s + p, p = ⅔ s³ + ⅖ s⁵ + …
    let square = s * s
    var p = Self(repeating: 2 / 13)
    p = p * square + (2 / 11)
    p = p * square + (2 / 9)
    p = p * square + (2 / 7)
    p = p * square + (2 / 5)
    p = p * square + (2 / 3)
    p = p * square * s
    let double = s + s
    let ln = double + p
    let lnLow = ((double - ln) + p) + (sLow + sLow)
    // Times log₂ e = c + c′, then plus the exponent, which is 0 or the larger part.
    let c = Self(repeating: 1.442695021629333496)
    let product = ln * c
    let productLow = (-product).addingProduct(ln, c) + (ln * 1.925962991126617e-08 + lnLow * c)
    let high = e + product
    let low = ((e - high) + product) + productLow
    let limit = withLogarithmLimits(high)
    return (limit, Self.select(limit .== high, low, .zero))
  }
}
