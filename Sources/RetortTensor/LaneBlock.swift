/// Sixteen neighbouring floats: loads and stores that need no alignment.
public typealias LaneBlock = SIMD16<Float>

extension SIMD16 where Scalar == Float {
  @inlinable @inline(__always)
  public static func load(_ p: UnsafePointer<Float>) -> Self {
    UnsafeRawPointer(p).loadUnaligned(as: Self.self)
  }

  /// The first `count` lanes from memory, zeros after them.
  @inlinable @inline(__always)
  public static func load(_ p: UnsafePointer<Float>, count: Int) -> Self {
    if count == 16 { return load(p) }
    var block = Self.zero
    for lane in 0..<count { block[lane] = p[lane] }
    return block
  }

  @inlinable @inline(__always)
  public func store(_ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: self, as: Self.self)
  }

  /// Writes the first `count` lanes only.
  @inlinable @inline(__always)
  public func store(_ p: UnsafeMutablePointer<Float>, count: Int) {
    if count == 16 { return store(p) }
    for lane in 0..<count { p[lane] = self[lane] }
  }

  /// Calls `body(left, right, target)` for each block of sixteen elements of two operands, either of
  /// which may be one element that stands for all. `body` writes sixteen elements.
  @inlinable @inline(__always)
  static func forEachPair<Target: BitwiseCopyable>(
    _ a: UnsafePointer<Float>, _ aIsScalar: Bool, _ b: UnsafePointer<Float>, _ bIsScalar: Bool,
    _ y: UnsafeMutablePointer<Target>, _ count: Int,
    _ body: (Self, Self, UnsafeMutablePointer<Target>) -> Void
  ) {
    guard count > 0 else { return }
    // A larger alignment would not be taken from the stack but from the heap, in every call.
    withUnsafeTemporaryAllocation(byteCount: 256, alignment: 16) { room in
      let left = room.baseAddress!.assumingMemoryBound(to: Float.self)
      let right = left + 16
      let last = UnsafeMutableRawPointer(left + 32).assumingMemoryBound(to: Target.self)
      Self(repeating: a[0]).store(left)
      Self(repeating: b[0]).store(right)
      var a = aIsScalar ? UnsafePointer(left) : a, b = bIsScalar ? UnsafePointer(right) : b
      let aStep = aIsScalar ? 0 : 16, bStep = bIsScalar ? 0 : 16
      let rest = count & 15
      var y = y, end = y
      var blocks = count &>> 4
      var isLast = false
      while true {
        for _ in 0..<blocks {
          body(load(a), load(b), y)
          a += aStep
          b += bStep
          y += 16
        }
        if isLast { return end.update(from: last, count: rest) }
        if rest == 0 { return }
        isLast = true
        blocks = 1
        end = y
        y = last
        if !aIsScalar {
          load(a, count: rest).store(left)
          a = UnsafePointer(left)
        }
        if !bIsScalar {
          load(b, count: rest).store(right)
          b = UnsafePointer(right)
        }
      }
    }
  }
}
