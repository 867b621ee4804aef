import Glibc

// The reference forms: one number, the C library's functions. `minimum` and `maximum` follow
// NumPy: NaN if either operand is NaN; of equal operands (−0 and +0) the second.

extension Double: Lanes {
  public typealias Mask = Bool

  @inlinable @inline(__always)
  public static func multiplyAdd(_ a: Double, _ b: Double, _ c: Double) -> Double {
    c.addingProduct(a, b)
  }

  @inlinable @inline(__always)
  public static func minimum(_ a: Double, _ b: Double) -> Double { a < b || a.isNaN ? a : b }

  @inlinable @inline(__always)
  public static func maximum(_ a: Double, _ b: Double) -> Double { a > b || a.isNaN ? a : b }

  @inlinable
  public static func power(_ a: Double, _ b: Double) -> Double { Glibc.pow(a, b) }

  @inlinable @inline(__always)
  public static func equal(_ a: Double, _ b: Double) -> Bool { a == b }

  @inlinable @inline(__always)
  public static func less(_ a: Double, _ b: Double) -> Bool { a < b }

  @inlinable @inline(__always)
  public static func lessOrEqual(_ a: Double, _ b: Double) -> Bool { a <= b }

  @inlinable @inline(__always)
  public static func select(_ mask: Bool, _ a: Double, _ b: Double) -> Double { mask ? a : b }

  @inlinable @inline(__always)
  public func magnitude() -> Double { Swift.abs(self) }

  @inlinable @inline(__always)
  public func roundedDown() -> Double { rounded(.down) }

  @inlinable @inline(__always)
  public func roundedToEven() -> Double { rounded(.toNearestOrEven) }

  @inlinable @inline(__always)
  public func squareRootValue() -> Double { squareRoot() }

  @inlinable public func exponential() -> Double { Glibc.exp(self) }
  @inlinable public func logarithm() -> Double { Glibc.log(self) }
  @inlinable public func hyperbolicTangent() -> Double { Glibc.tanh(self) }
  @inlinable public func errorFunction() -> Double { Glibc.erf(self) }
}

extension Float: Lanes {
  public typealias Mask = Bool

  @inlinable @inline(__always)
  public static func multiplyAdd(_ a: Float, _ b: Float, _ c: Float) -> Float {
    c.addingProduct(a, b)
  }

  @inlinable @inline(__always)
  public static func minimum(_ a: Float, _ b: Float) -> Float { a < b || a.isNaN ? a : b }

  @inlinable @inline(__always)
  public static func maximum(_ a: Float, _ b: Float) -> Float { a > b || a.isNaN ? a : b }

  @inlinable
  public static func power(_ a: Float, _ b: Float) -> Float { powf(a, b) }

  @inlinable @inline(__always)
  public static func equal(_ a: Float, _ b: Float) -> Bool { a == b }

  @inlinable @inline(__always)
  public static func less(_ a: Float, _ b: Float) -> Bool { a < b }

  @inlinable @inline(__always)
  public static func lessOrEqual(_ a: Float, _ b: Float) -> Bool { a <= b }

  @inlinable @inline(__always)
  public static func select(_ mask: Bool, _ a: Float, _ b: Float) -> Float { mask ? a : b }

  @inlinable @inline(__always)
  public func magnitude() -> Float { Swift.abs(self) }

  @inlinable @inline(__always)
  public func roundedDown() -> Float { rounded(.down) }

  @inlinable @inline(__always)
  public func roundedToEven() -> Float { rounded(.toNearestOrEven) }

  @inlinable @inline(__always)
  public func squareRootValue() -> Float { squareRoot() }

  @inlinable public func exponential() -> Float { expf(self) }
  @inlinable public func logarithm() -> Float { logf(self) }
  @inlinable public func hyperbolicTangent() -> Float { tanhf(self) }
  @inlinable public func errorFunction() -> Float { erff(self) }
}
