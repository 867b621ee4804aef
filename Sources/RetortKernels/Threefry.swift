import RetortTensor

/// What Threefry needs of a 32-bit word, or of sixteen.
package protocol ThreefryWord {
  init(repeating word: UInt32)
  static func &+ (a: Self, b: Self) -> Self
  static func ^ (a: Self, b: Self) -> Self
  /// Rotated towards the high bits, `0 < count < 32`.
  func rotated(by count: UInt32) -> Self
}

extension UInt32: ThreefryWord {
  package init(repeating word: UInt32) { self = word }
  @inline(__always)
  package func rotated(by count: UInt32) -> UInt32 { self &<< count | self &>> (32 &- count) }
}

extension SIMD16<UInt32>: ThreefryWord {
  @inline(__always)
  package func rotated(by count: UInt32) -> SIMD16<UInt32> {
    (self &<< SIMD16(repeating: count)) | (self &>> SIMD16(repeating: 32 &- count))
  }
}

/// The counter-based generator Threefry-2x32 with 20 rounds, and the draws that JAX makes of it
/// with partitionable counters.
///
/// Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"; the
/// conventions of `jax.random`.
package enum Threefry {
  /// The cipher of one counter block under a key.
  @inline(__always)
  package static func block<W: ThreefryWord>(_ key: Key, _ x0: W, _ x1: W) -> (W, W) {
    let k0 = W(repeating: key.first), k1 = W(repeating: key.second)
    let k2 = W(repeating: key.first ^ key.second ^ 0x1BD1_1BDA)
    var a = x0 &+ k0, b = x1 &+ k1
    fourRounds(&a, &b, 13, 15, 26, 6)
    inject(&a, &b, k1, k2, 1)
    fourRounds(&a, &b, 17, 29, 16, 24)
    inject(&a, &b, k2, k0, 2)
    fourRounds(&a, &b, 13, 15, 26, 6)
    inject(&a, &b, k0, k1, 3)
    fourRounds(&a, &b, 17, 29, 16, 24)
    inject(&a, &b, k1, k2, 4)
    fourRounds(&a, &b, 13, 15, 26, 6)
    inject(&a, &b, k2, k0, 5)
    return (a, b)
  }

  @inline(__always)
  private static func fourRounds<W: ThreefryWord>(
    _ a: inout W, _ b: inout W, _ r0: UInt32, _ r1: UInt32, _ r2: UInt32, _ r3: UInt32
  ) {
    a = a &+ b
    b = b.rotated(by: r0) ^ a
    a = a &+ b
    b = b.rotated(by: r1) ^ a
    a = a &+ b
    b = b.rotated(by: r2) ^ a
    a = a &+ b
    b = b.rotated(by: r3) ^ a
  }

  @inline(__always)
  private static func inject<W: ThreefryWord>(
    _ a: inout W, _ b: inout W, _ ka: W, _ kb: W, _ round: UInt32
  ) {
    a = a &+ ka
    b = b &+ kb &+ W(repeating: round)
  }

  /// A key that depends on `key` and `data`: the cipher of (0, data).
  package static func fold(_ key: Key, _ data: UInt32) -> Key {
    let (first, second) = block(key, 0 as UInt32, data)
    return Key(first, second)
  }

  /// Element `index` of the key's stream of random words: both halves of the cipher of the 64-bit
  /// index, exclusive-or.
  package static func bits(_ key: Key, _ index: Int) -> UInt32 {
    let (first, second) = block(
      key, UInt32(truncatingIfNeeded: index >> 32), UInt32(truncatingIfNeeded: index))
    return first ^ second
  }

  /// In [0, 1), a multiple of 2⁻²³: the high 23 bits as the fraction of a number in [1, 2), less 1.
  @inline(__always)
  package static func uniform01(_ bits: UInt32) -> Float {
    Float(bitPattern: bits >> 9 | 0x3F80_0000) - 1
  }

  /// Standard normal: `√2 · erf⁻¹(u)`, `u` uniform in (−1, 1), computed in Double.
  package static func normal(_ bits: UInt32) -> Float {
    let low = (-1 as Float).nextUp
    // JAX scales by `1 − low`, which rounds to 2.
    let u = Swift.max(low, uniform01(bits) * 2 + low)
    return Float(2.0.squareRoot() * inverseErrorFunction(Double(u)))
  }
}
