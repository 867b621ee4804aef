/// An axis of an extent that is known when the loop over it is compiled.
struct Few<let count: Int> {
  let source: Int
  let target: Int

  init(_ axis: StridedCopy.Axis) {
    source = axis.source
    target = axis.target
  }
}

/// Two axes of a copy of which the source is contiguous along one, the target along the other.
struct StridedSquare {
  /// Target stride 1.
  let inner: StridedCopy.Axis
  /// Source stride 1; `count` elements of it.
  let crossed: StridedCopy.Axis
  let count: Int

  func copy<E: FixedWidthInteger & SIMDScalar>(
    _ from: UnsafePointer<E>, _ to: UnsafeMutablePointer<E>
  ) {
    if inner.extent <= 4 {
      switch inner.extent {
      case 2: Self.few(from, to, crossed, count, Few<2>(inner))
      case 3: Self.few(from, to, crossed, count, Few<3>(inner))
      default: rest(from, to, 0..<inner.extent, 0..<count)
      }
      return
    }
    if count <= 4 {
      switch count {
      case 2: Self.few(from, to, inner, inner.extent, Few<2>(crossed))
      case 3: Self.few(from, to, inner, inner.extent, Few<3>(crossed))
      default: rest(from, to, 0..<inner.extent, 0..<count)
      }
      return
    }
    // Whole cache lines on both sides. Along the axis of the larger stride only eight, because
    // lines a multiple of 4 KiB apart share a set of eight in the first-level cache.
    let wholeInner = inner.extent & ~3, wholeCrossed = count & ~3
    @inline(__always) func block(_ i: Int, _ iCount: Int, _ j: Int, _ jCount: Int) {
      for b in stride(from: j, to: min(j &+ jCount, wholeCrossed), by: 4) {
        for a in stride(from: i, to: min(i &+ iCount, wholeInner), by: 4) {
          transpose(from + (a &* inner.source &+ b), to + (a &+ b &* crossed.target))
        }
      }
    }
    if abs(inner.source) >= abs(crossed.target) {
      for j in stride(from: 0, to: wholeCrossed, by: 64) {
        for i in stride(from: 0, to: wholeInner, by: 8) { block(i, 8, j, 64) }
      }
    } else {
      for i in stride(from: 0, to: wholeInner, by: 64) {
        for j in stride(from: 0, to: wholeCrossed, by: 8) { block(i, 64, j, 8) }
      }
    }
    rest(from, to, wholeInner..<inner.extent, 0..<count)
    rest(from, to, 0..<wholeInner, wholeCrossed..<count)
  }

  /// Four by four in registers.
  @inline(__always)
  private func transpose<E: FixedWidthInteger & SIMDScalar>(
    _ from: UnsafePointer<E>, _ to: UnsafeMutablePointer<E>
  ) {
    @inline(__always) func row(_ a: Int) -> SIMD4<E> {
      UnsafeRawPointer(from + a &* inner.source).loadUnaligned(as: SIMD4<E>.self)
    }
    let (p, q, r, s) = (row(0), row(1), row(2), row(3))
    for b in 0..<4 {
      UnsafeMutableRawPointer(to + b &* crossed.target).storeBytes(
        of: SIMD4(p[b], q[b], r[b], s[b]), as: SIMD4<E>.self)
    }
  }

  private func rest<E>(
    _ from: UnsafePointer<E>, _ to: UnsafeMutablePointer<E>, _ rows: Range<Int>,
    _ columns: Range<Int>
  ) {
    for b in columns {
      for a in rows { to[a &+ b &* crossed.target] = from[a &* inner.source &+ b] }
    }
  }

  /// `count` steps along one axis, at each all elements of a short one.
  @inline(__always)
  static func few<E, let length: Int>(
    _ from: UnsafePointer<E>, _ to: UnsafeMutablePointer<E>, _ axis: StridedCopy.Axis,
    _ count: Int, _ few: Few<length>
  ) {
    var from = from, to = to
    for _ in 0..<count {
      for k in 0..<length { to[k &* few.target] = from[k &* few.source] }
      from += axis.source
      to += axis.target
    }
  }
}
