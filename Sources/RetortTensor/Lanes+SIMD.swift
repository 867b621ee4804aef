// Sixteen lanes at once. Functions are always inlined, because the calling convention would break
// a 512-bit vector into quarters. The elementary functions stand in `LaneFunctions.swift`.

extension SIMD16: Lanes where Scalar == Float {
  public typealias Mask = SIMDMask<SIMD16<Int32>>
  @usableFromInline typealias Words = SIMD16<Int32>

  @inlinable @inline(__always)
  public init(_ value: Double) { self.init(repeating: Float(value)) }

  /// Flips the signs, of zeros too; the standard library's own subtracts from zero.
  @inlinable @inline(__always)
  public static prefix func - (a: Self) -> Self {
    Self(pattern: a.pattern ^ Words(repeating: .min))
  }

  @inlinable @inline(__always)
  public static func multiplyAdd(_ a: Self, _ b: Self, _ c: Self) -> Self { c.addingProduct(a, b) }

  @inlinable @inline(__always)
  public static func minimum(_ a: Self, _ b: Self) -> Self { select((a .< b) .| (a .!= a), a, b) }

  @inlinable @inline(__always)
  public static func maximum(_ a: Self, _ b: Self) -> Self { select((a .> b) .| (a .!= a), a, b) }

  @inlinable @inline(__always)
  public static func equal(_ a: Self, _ b: Self) -> Mask { a .== b }

  @inlinable @inline(__always)
  public static func less(_ a: Self, _ b: Self) -> Mask { a .< b }

  @inlinable @inline(__always)
  public static func lessOrEqual(_ a: Self, _ b: Self) -> Mask { a .<= b }

  @inlinable @inline(__always)
  public static func select(_ mask: Mask, _ a: Self, _ b: Self) -> Self {
    // On bits: `replacing` goes lane by lane, whose branches keep callers from being inlined.
    let words = unsafeBitCast(mask, to: Words.self)
    return Self(pattern: b.pattern ^ ((a.pattern ^ b.pattern) & words))
  }

  @inlinable @inline(__always)
  public func magnitude() -> Self { Self(pattern: pattern & Words(repeating: 0x7FFF_FFFF)) }

  @inlinable @inline(__always)
  public func roundedDown() -> Self { rounded(.down) }

  @inlinable @inline(__always)
  public func roundedToEven() -> Self { rounded(.toNearestOrEven) }

  // MARK: bits

  /// The IEEE 754 bits of each lane.
  @inlinable @inline(__always)
  var pattern: Words { unsafeBitCast(self, to: Words.self) }

  @inlinable @inline(__always)
  init(pattern: Words) { self = unsafeBitCast(pattern, to: Self.self) }

  /// The sign bit of each lane, alone.
  @inlinable @inline(__always)
  var signBits: Words { pattern & Words(repeating: .min) }

  /// These magnitudes under the signs of `other`; the lanes must not be negative.
  @inlinable @inline(__always)
  func signed(like other: Self) -> Self { Self(pattern: pattern | other.signBits) }

  /// `1.5 · 2²³`: a float of that binade has unit spacing, so adding this rounds to an integer
  /// (ties to even) that then stands in the low bits of the sum.
  @inlinable @inline(__always)
  static var unitSpacing: Self { Self(repeating: 0x1.8p23) }

  /// `self · 2ⁿ`, `n` given as `unitSpacing + n` with `|n| ≤ 252`. In two steps, so that results
  /// which overflow or are subnormal come out right.
  @inlinable @inline(__always)
  func scaled(byPowerIn shifted: Self) -> Self {
    let n = shifted.pattern &- Self.unitSpacing.pattern
    let half = n &>> Words(repeating: 1)
    let bias = Words(repeating: 127), place = Words(repeating: 23)
    let first = Self(pattern: (half &+ bias) &<< place)
    let second = Self(pattern: (n &- half &+ bias) &<< place)
    return self * first * second
  }

  /// Writes each positive finite lane as `2ᵉ · m` with `√½ ≤ m < √2`; subnormals too.
  @inlinable @inline(__always)
  func splitExponent() -> (e: Self, m: Self) {
    let tiny = self .< Self(repeating: 0x1p-126)
    let normal = Self.select(tiny, self * 0x1p24, self)
    // Subtracting the pattern of √½ first puts the boundary of the exponent there.
    let root = Words(repeating: 0x3F35_04F3)
    let shifted = normal.pattern &- root
    let e = shifted &>> Words(repeating: 23)
    let m = Self(pattern: (shifted & Words(repeating: 0x007F_FFFF)) &+ root)
    let value = Self(pattern: e &+ Self.unitSpacing.pattern) - Self.unitSpacing
    return (value - Self.select(tiny, Self(repeating: 24), .zero), m)
  }
}
