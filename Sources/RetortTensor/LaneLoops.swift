/// An elementwise formula of one operand. Mark `apply` as `@inline(__always)`: a vector passed
/// through a call is broken into quarters.
public protocol UnaryLaneFunction: Sendable {
  func apply<L: Lanes>(_ x: L) -> L
}

/// An elementwise formula of two operands.
public protocol BinaryLaneFunction: Sendable {
  func apply<L: Lanes>(_ a: L, _ b: L) -> L
}

/// An elementwise comparison.
public protocol LanePredicate: Sendable {
  func holds<L: Lanes>(_ a: L, _ b: L) -> L.Mask
}

/// The loops of a unary formula over contiguous elements: `(x, y, elementCount)`.
///
/// `y` may be `x`. They are closures made where the formula's type is known, so that each is
/// compiled for that formula; calling one costs one indirect call for the whole buffer.
public struct UnaryLoops: Sendable {
  public typealias Loop<Scalar> =
    @Sendable (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>, Int) -> Void

  /// Sixteen lanes at a time, the last ones padded, so that no result depends on its position.
  public let float: Loop<Float>
  public let floatReference: Loop<Float>
  public let doubleReference: Loop<Double>

  @inlinable
  public init<F: UnaryLaneFunction>(_ f: F) {
    float = { x, y, count in
      // Directly, not through a form for one operand: the formula would stay a call in that.
      LaneBlock.forEachPair(x, false, x, true, y, count) { block, _, target in
        f.apply(block).store(target)
      }
    }
    floatReference = { x, y, count in for i in 0..<count { y[i] = f.apply(x[i]) } }
    doubleReference = { x, y, count in for i in 0..<count { y[i] = f.apply(x[i]) } }
  }
}

/// The loops of a binary formula over contiguous elements:
/// `(a, aIsScalar, b, bIsScalar, y, elementCount)`.
///
/// An operand marked as scalar has one element, used for all. `y` may be either operand.
public struct BinaryLoops: Sendable {
  public typealias Loop<Scalar> =
    @Sendable (
      UnsafePointer<Scalar>, Bool, UnsafePointer<Scalar>, Bool, UnsafeMutablePointer<Scalar>, Int
    ) -> Void

  /// Sixteen lanes at a time, the last ones padded, so that no result depends on its position.
  public let float: Loop<Float>
  public let floatReference: Loop<Float>
  public let doubleReference: Loop<Double>

  @inlinable
  public init<F: BinaryLaneFunction>(_ f: F) {
    float = { a, aIsScalar, b, bIsScalar, y, count in
      LaneBlock.forEachPair(a, aIsScalar, b, bIsScalar, y, count) { left, right, target in
        f.apply(left, right).store(target)
      }
    }
    floatReference = { a, aIsScalar, b, bIsScalar, y, count in
      guard count > 0 else { return }
      let left = a[0], right = b[0]
      for i in 0..<count { y[i] = f.apply(aIsScalar ? left : a[i], bIsScalar ? right : b[i]) }
    }
    doubleReference = { a, aIsScalar, b, bIsScalar, y, count in
      guard count > 0 else { return }
      let left = a[0], right = b[0]
      for i in 0..<count { y[i] = f.apply(aIsScalar ? left : a[i], bIsScalar ? right : b[i]) }
    }
  }
}

/// The loops of a comparison over contiguous elements, writing 0 or 1:
/// `(a, aIsScalar, b, bIsScalar, y, elementCount)`.
public struct PredicateLoops: Sendable {
  public typealias Loop<Scalar> =
    @Sendable (
      UnsafePointer<Scalar>, Bool, UnsafePointer<Scalar>, Bool, UnsafeMutablePointer<UInt8>, Int
    ) -> Void

  public let float: Loop<Float>
  public let floatReference: Loop<Float>
  public let doubleReference: Loop<Double>

  @inlinable
  public init<F: LanePredicate>(_ f: F) {
    float = { a, aIsScalar, b, bIsScalar, y, count in
      LaneBlock.forEachPair(a, aIsScalar, b, bIsScalar, y, count) { left, right, target in
        let words = unsafeBitCast(f.holds(left, right), to: SIMD16<Int32>.self)
        let flags = SIMD16<UInt8>(truncatingIfNeeded: words & SIMD16(repeating: 1))
        UnsafeMutableRawPointer(target).storeBytes(of: flags, as: SIMD16<UInt8>.self)
      }
    }
    floatReference = { a, aIsScalar, b, bIsScalar, y, count in
      guard count > 0 else { return }
      for i in 0..<count {
        y[i] = f.holds(a[aIsScalar ? 0 : i], b[bIsScalar ? 0 : i]) ? 1 : 0
      }
    }
    doubleReference = { a, aIsScalar, b, bIsScalar, y, count in
      guard count > 0 else { return }
      for i in 0..<count {
        y[i] = f.holds(a[aIsScalar ? 0 : i], b[bIsScalar ? 0 : i]) ? 1 : 0
      }
    }
  }
}
