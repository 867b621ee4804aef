/// A Swift type that stores one element of a tensor.
public protocol Element: Sendable, Hashable {
  static var elementType: ElementType { get }
}

extension Double: Element { public static var elementType: ElementType { .f64 } }
extension Float: Element { public static var elementType: ElementType { .f32 } }
extension Int64: Element { public static var elementType: ElementType { .i64 } }
extension Int32: Element { public static var elementType: ElementType { .i32 } }
extension UInt32: Element { public static var elementType: ElementType { .u32 } }
extension Bool: Element { public static var elementType: ElementType { .bool } }

/// A Threefry-2x32 key.
public struct Key: Element {
  public var words: UInt64
  public static var elementType: ElementType { .key }

  public init(words: UInt64) { self.words = words }
  public init(_ first: UInt32, _ second: UInt32) { words = UInt64(first) << 32 | UInt64(second) }

  public var first: UInt32 { UInt32(truncatingIfNeeded: words >> 32) }
  public var second: UInt32 { UInt32(truncatingIfNeeded: words) }
}

/// The bits of an IEEE 754 half-precision number.
public struct Half: Element {
  public var bits: UInt16
  public static var elementType: ElementType { .f16 }
  public init(bits: UInt16) { self.bits = bits }
}

/// The bits of a bfloat16 number: the upper half of a 32-bit float.
public struct BFloat: Element {
  public var bits: UInt16
  public static var elementType: ElementType { .bf16 }
  public init(bits: UInt16) { self.bits = bits }
}

extension Half {
  /// Exact; every half is a 32-bit float.
  public var float: Float {
    let sign = UInt32(bits >> 15) << 31
    let exponent = UInt32(bits >> 10) & 0x1F
    let fraction = UInt32(bits) & 0x3FF
    if exponent == 0x1F { return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13) }
    if exponent != 0 {
      return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
    let magnitude = Float(fraction) * 0x1p-24
    return sign == 0 ? magnitude : -magnitude
  }

  /// Rounds to nearest, ties to even.
  public init(_ value: Float) {
    let pattern = value.bitPattern
    let sign = UInt16(pattern >> 16) & 0x8000
    let magnitude = pattern & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 {
      self.init(bits: sign | 0x7E00)
    } else if magnitude >= 0x4780_0000 {
      self.init(bits: sign | 0x7C00)
    } else if magnitude < 0x3880_0000 {
      // Subnormal: adding 0.5 places the rounding at the right bit.
      let rounded = (Float(bitPattern: magnitude) + 0.5).bitPattern - Float(0.5).bitPattern
      self.init(bits: sign | UInt16(rounded))
    } else {
      let odd = (magnitude >> 13) & 1
      self.init(
        bits: sign | UInt16(truncatingIfNeeded: (magnitude - 0x3800_0000 + 0xFFF + odd) >> 13))
    }
  }
}

extension BFloat {
  public var float: Float { Float(bitPattern: UInt32(bits) << 16) }

  /// Rounds to nearest, ties to even.
  public init(_ value: Float) {
    let pattern = value.bitPattern
    if value.isNaN {
      self.init(bits: UInt16(pattern >> 16) | 0x40)
    } else {
      let odd = (pattern >> 16) & 1
      self.init(bits: UInt16(truncatingIfNeeded: (UInt64(pattern) + 0x7FFF + UInt64(odd)) >> 16))
    }
  }
}

/// The floating-point types that programs compute in.
public protocol Real: Element, BinaryFloatingPoint {}
extension Float: Real {}
extension Double: Real {}
