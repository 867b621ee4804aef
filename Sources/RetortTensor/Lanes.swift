/// What an elementwise formula may use: one number, or sixteen at once.
///
/// `Double` and `Float` are the reference (the C library's functions); `SIMD16<Float>` is the fast
/// form, whose functions are within a few units in the last place of them. A formula written once
/// over `Lanes` is therefore its own oracle.
public protocol Lanes: Sendable {
  associatedtype Mask: Sendable

  /// The same number in every lane.
  init(_ value: Double)

  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  static prefix func - (a: Self) -> Self

  /// `a · b + c`, rounded once.
  static func multiplyAdd(_ a: Self, _ b: Self, _ c: Self) -> Self
  /// The smaller; NaN if either is NaN.
  static func minimum(_ a: Self, _ b: Self) -> Self
  /// The larger; NaN if either is NaN.
  static func maximum(_ a: Self, _ b: Self) -> Self
  static func power(_ a: Self, _ b: Self) -> Self

  static func equal(_ a: Self, _ b: Self) -> Mask
  static func less(_ a: Self, _ b: Self) -> Mask
  static func lessOrEqual(_ a: Self, _ b: Self) -> Mask
  /// Per lane `a` where the mask holds, else `b`.
  static func select(_ mask: Mask, _ a: Self, _ b: Self) -> Self

  func magnitude() -> Self
  func roundedDown() -> Self
  /// To the nearest integer, ties to even.
  func roundedToEven() -> Self
  func squareRootValue() -> Self
  func exponential() -> Self
  func logarithm() -> Self
  func hyperbolicTangent() -> Self
  func errorFunction() -> Self
}
