// Elementary functions on sixteen lanes. Errors stated in units in the last place (ulp) are the
// largest found against the C library in Double on dense grids over the whole range; the tests
// assert them. Polynomials multiply and add separately: the compiler assembles fused operations
// lane by lane, not always back into whole vectors, so they stand only where exactness needs them.
// Special values are those of C99 Annex F.

extension SIMD16 where Scalar == Float {
  /// Correctly rounded. Negative lanes give NaN, `−0` itself.
  ///
  /// Newton's iteration for `1/√x` and one residual step in fused arithmetic: sixteen separate
  /// square roots are slower, and no vector instruction is reachable without errno checks.
  @inlinable @inline(__always)
  public func squareRootValue() -> Self {
    // Scaling keeps the residual of tiny lanes above the subnormal range.
    let tiny = self .< Self(repeating: 0x1p-64)
    let x = Self.select(tiny, self * 0x1p64, self)
    let guess = Words(repeating: 0x5F37_59DF) &- (x.pattern &>> Words(repeating: 1))
    var y = Self(pattern: guess)
    let half = x * 0.5
    for _ in 0..<3 { y = y * Self(repeating: 1.5).addingProduct(-(half * y), y) }
    // g ≈ √x and h ≈ 1/(2√x), improved together, then g once more by its exact residual.
    var g = x * y
    var h = y * 0.5
    let r = Self(repeating: 0.5).addingProduct(-g, h)
    g = g.addingProduct(g, r)
    h = h.addingProduct(h, r)
    g = g.addingProduct(x.addingProduct(-g, g), h)
    g = Self.select(tiny, g * 0x1p-32, g)
    let exact = (self .== 0) .| (self .== .init(repeating: .infinity))
    g = Self.select(exact, self, g)
    return Self.select(self .>= 0, g, Self(repeating: .nan))
  }

  /// `eˣ`, within 1 ulp.
  ///
  /// `x = n ln 2 + r`, `|r| ≤ ½ ln 2`, and `eˣ = 2ⁿ eʳ` by the Taylor series to `r⁷/7!`, whose
  /// remainder is under 0.1 ulp.
  @inlinable @inline(__always)
  public func exponential() -> Self {
    // Beyond these ends the result is 0 or ∞ in any case. NaN passes through.
    let x = Self.maximum(Self.minimum(self, Self(repeating: 90)), Self(repeating: -105))
    let shifted = x * 1.4426950408889634 + Self.unitSpacing
    let r = x.reduced(by: shifted - Self.unitSpacing)
    return r.exponentialSeries().scaled(byPowerIn: shifted)
  }

  /// `eʳ` for `|r| ≤ 0.35`.
  @inlinable @inline(__always)
  func exponentialSeries() -> Self {
    self * secondOrder() + self + 1
  }

  /// `x − n ln 2`, with `ln 2` in two parts, the first short enough for an exact product.
  @inlinable @inline(__always)
  func reduced(by n: Self) -> Self { (self - n * 0x1.62e4p-1) - n * 1.428606765330187e-06 }

  /// `(eʳ − 1 − r) / r` for `|r| ≤ 0.35`.
  @inlinable @inline(__always)
  func secondOrder() -> Self {
    var p = Self(repeating: 1 / 5040)
    p = p * self + (1 / 720)
    p = p * self + (1 / 120)
    p = p * self + (1 / 24)
    p = p * self + (1 / 6)
    p = p * self + 0.5
    return p * self
  }

  /// `ln x`, within 1 ulp. `ln 0 = −∞`; negative lanes give NaN.
  ///
  /// `x = 2ᵉ m` and `ln m = f − (f²/2 − s (f²/2 + R))` with `f = m − 1`, `s = f / (2 + f)`,
  /// `R = ⅔ s² + ⅖ s⁴ + …`, the series of `ln((1 + s) / (1 − s))`.
  @inlinable @inline(__always)
  public func logarithm() -> Self {
    let (e, m) = splitExponent()
    let f = m - 1
    let s = f / (f + 2)
    let square = s * s
    var tail = Self(repeating: 2 / 9)
    tail = tail * square + (2 / 7)
    tail = tail * square + (2 / 5)
    tail = tail * square + (2 / 3)
    let halfSquare = f * f * 0.5
    let rest = s * (tail * square + halfSquare) + e * 1.428606765330187e-06
    let result = ((rest - halfSquare) + f) + e * 0x1.62e4p-1
    return withLogarithmLimits(result)
  }

  /// `result` where this is positive and finite, else what a logarithm is there.
  @inlinable @inline(__always)
  func withLogarithmLimits(_ result: Self) -> Self {
    var y = Self.select(self .== Self(repeating: .infinity), self, result)
    y = Self.select(self .== 0, Self(repeating: -.infinity), y)
    return Self.select(self .>= 0, y, Self(repeating: .nan))
  }

  /// `tanh x`, within 2.5 ulp.
  ///
  /// `tanh |x| = t / (t + 2)` with `t = e²|x| − 1`, itself `2ⁿ (eʳ − 1) + (2ⁿ − 1)`, which keeps
  /// the relative accuracy near 0.
  @inlinable @inline(__always)
  public func hyperbolicTangent() -> Self {
    // From 9.02 on the nearest float is 1.
    let x = Self.minimum(magnitude(), Self(repeating: 10)) * 2
    let shifted = x * 1.4426950408889634 + Self.unitSpacing
    let r = x.reduced(by: shifted - Self.unitSpacing)
    let power = Self(repeating: 1).scaled(byPowerIn: shifted)
    let t = power * (r * r.secondOrder() + r) + (power - 1)
    return (t / (t + 2)).signed(like: self)
  }

  /// `erf x = 2/√π ∫₀ˣ exp(−t²) dt`, within 1.5 ulp.
  ///
  /// Below 1, `x + x P(x²)`; above, `1 − exp(−Q(x))`. `P` and `Q` are least-maximum fits to
  /// `erf(x)/x − 1` and `−ln erfc(x)`, the latter weighted by `erfc`.
  @inlinable @inline(__always)
  public func errorFunction() -> Self {
    let x = Self.minimum(magnitude(), Self(repeating: 4))
    let square = x * x
    var p = Self(repeating: -9.641677024774253e-06)
    p = p * square + 0.00011257008736720309
    p = p * square + (-0.0008482838165946305)
    p = p * square + 0.0052209459245204926
    p = p * square + (-0.0268654003739357)
    p = p * square + 0.11283782124519348
    p = p * square + (-0.37612637877464294)
    p = p * square + 0.12837916709551256
    let inner = x * p + x
    var q = Self(repeating: -0.0001863800862338394)
    q = q * x + 0.002947666682302952
    q = q * x + (-0.021838096901774406)
    q = q * x + 0.10310681909322739
    q = q * x + 0.6381447315216064
    q = q * x + 1.127089262008667
    q = q * x + 0.00034151258296333253
    let outer = 1 - (-q).exponential()
    return Self.select(x .< 1, inner, outer).signed(like: self)
  }
}
