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

  /// Calls `body(left, right, position, length)` for each block of up to 16 elements of two
  /// operands, either of which may be one element that stands for all.
  @inlinable @inline(__always)
  static func forEachPair(
    _ a: UnsafePointer<Float>, _ aIsScalar: Bool, _ b: UnsafePointer<Float>, _ bIsScalar: Bool,
    _ count: Int, _ body: (Self, Self, Int, Int) -> Void
  ) {
    guard count > 0 else { return }
    let left = Self(repeating: a[0]), right = Self(repeating: b[0])
    var i = 0
    while i < count {
      let length = Swift.min(16, count &- i)
      body(
        aIsScalar ? left : load(a + i, count: length),
        bIsScalar ? right : load(b + i, count: length), i, length)
      i &+= 16
    }
  }
}
