import RetortTensor

/// The loops of fused kernels that are not lane formulas. An operand marked as scalar has one
/// element, used for all. The target may be any operand of the same element size.
enum FusedLoops {
  private typealias Bytes = SIMD16<UInt8>
  private typealias Words = SIMD16<UInt32>

  // MARK: copy

  static func copy(
    _ source: UnsafeRawPointer, _ isScalar: Bool, _ target: UnsafeMutableRawPointer, _ count: Int,
    byteCount: Int
  ) {
    if !isScalar {
      target.copyMemory(from: source, byteCount: count * byteCount)
    } else if byteCount == 4 {
      target.assumingMemoryBound(to: UInt32.self)
        .update(repeating: source.load(as: UInt32.self), count: count)
    } else {
      target.assumingMemoryBound(to: UInt8.self)
        .update(repeating: source.load(as: UInt8.self), count: count)
    }
  }

  // MARK: select

  static func select(
    _ condition: UnsafeRawPointer, _ conditionIsScalar: Bool, _ a: UnsafeRawPointer,
    _ aIsScalar: Bool, _ b: UnsafeRawPointer, _ bIsScalar: Bool, _ target: UnsafeMutableRawPointer,
    _ count: Int, byteCount: Int
  ) {
    if conditionIsScalar {
      let holds = condition.load(as: UInt8.self) != 0
      return copy(
        holds ? a : b, holds ? aIsScalar : bIsScalar, target, count, byteCount: byteCount)
    }
    let flags = condition.assumingMemoryBound(to: UInt8.self)
    if byteCount == 4 {
      selectWords(
        flags, a.assumingMemoryBound(to: UInt32.self), aIsScalar,
        b.assumingMemoryBound(to: UInt32.self), bIsScalar,
        target.assumingMemoryBound(to: UInt32.self), count)
    } else {
      let left = a.assumingMemoryBound(to: UInt8.self)
      let right = b.assumingMemoryBound(to: UInt8.self)
      let y = target.assumingMemoryBound(to: UInt8.self)
      for i in 0..<count {
        y[i] = flags[i] != 0 ? left[aIsScalar ? 0 : i] : right[bIsScalar ? 0 : i]
      }
    }
  }

  private static func selectWords(
    _ flags: UnsafePointer<UInt8>, _ a: UnsafePointer<UInt32>, _ aIsScalar: Bool,
    _ b: UnsafePointer<UInt32>, _ bIsScalar: Bool, _ y: UnsafeMutablePointer<UInt32>, _ count: Int
  ) {
    let left = Words(repeating: a[0]), right = Words(repeating: b[0])
    var i = 0
    while i &+ 16 <= count {
      let bytes = UnsafeRawPointer(flags + i).loadUnaligned(as: Bytes.self)
      let mask = Words(truncatingIfNeeded: bytes) .!= Words.zero
      let x = aIsScalar ? left : UnsafeRawPointer(a + i).loadUnaligned(as: Words.self)
      let z = bIsScalar ? right : UnsafeRawPointer(b + i).loadUnaligned(as: Words.self)
      let chosen = z.replacing(with: x, where: mask)
      UnsafeMutableRawPointer(y + i).storeBytes(of: chosen, as: Words.self)
      i &+= 16
    }
    while i < count {
      y[i] = flags[i] != 0 ? a[aIsScalar ? 0 : i] : b[bIsScalar ? 0 : i]
      i &+= 1
    }
  }

  // MARK: logic

  static func logic(
    _ logic: FusedPlan.Logic, _ a: UnsafeRawPointer, _ aIsScalar: Bool, _ b: UnsafeRawPointer,
    _ bIsScalar: Bool, _ target: UnsafeMutableRawPointer, _ count: Int
  ) {
    switch logic {
    case .and: bytes(a, aIsScalar, b, bIsScalar, target, count) { $0 & $1 }
    case .or: bytes(a, aIsScalar, b, bIsScalar, target, count) { $0 | $1 }
    case .xor: bytes(a, aIsScalar, b, bIsScalar, target, count) { $0 ^ $1 }
    case .not: bytes(a, aIsScalar, a, aIsScalar, target, count) { left, _ in left ^ 1 }
    }
  }

  @inline(__always)
  private static func bytes(
    _ a: UnsafeRawPointer, _ aIsScalar: Bool, _ b: UnsafeRawPointer, _ bIsScalar: Bool,
    _ target: UnsafeMutableRawPointer, _ count: Int, _ apply: (UInt8, UInt8) -> UInt8
  ) {
    let left = a.assumingMemoryBound(to: UInt8.self)
    let right = b.assumingMemoryBound(to: UInt8.self)
    let y = target.assumingMemoryBound(to: UInt8.self)
    let leftStep = aIsScalar ? 0 : 1, rightStep = bIsScalar ? 0 : 1
    if leftStep == 1, rightStep == 1 {
      for i in 0..<count { y[i] = apply(left[i], right[i]) }
    } else {
      for i in 0..<count { y[i] = apply(left[i &* leftStep], right[i &* rightStep]) }
    }
  }

  // MARK: convert

  /// `bool`, i32, u32 to f32 and f32, i32, u32 to `bool`.
  static func convert(
    _ from: ElementType, _ to: ElementType, _ a: UnsafeRawPointer, _ isScalar: Bool,
    _ target: UnsafeMutableRawPointer, _ count: Int
  ) {
    let step = isScalar ? 0 : 1
    if to == .f32 {
      let y = target.assumingMemoryBound(to: Float.self)
      switch from {
      case .bool: map(a.assumingMemoryBound(to: UInt8.self), step, y, count) { Float($0) }
      case .i32: map(a.assumingMemoryBound(to: Int32.self), step, y, count) { Float($0) }
      default: map(a.assumingMemoryBound(to: UInt32.self), step, y, count) { Float($0) }
      }
    } else {
      let y = target.assumingMemoryBound(to: UInt8.self)
      switch from {
      case .f32: map(a.assumingMemoryBound(to: Float.self), step, y, count) { $0 != 0 ? 1 : 0 }
      default: map(a.assumingMemoryBound(to: UInt32.self), step, y, count) { $0 != 0 ? 1 : 0 }
      }
    }
  }

  @inline(__always)
  private static func map<S, T>(
    _ source: UnsafePointer<S>, _ step: Int, _ target: UnsafeMutablePointer<T>, _ count: Int,
    _ value: (S) -> T
  ) {
    if step == 1 {
      for i in 0..<count { target[i] = value(source[i]) }
    } else {
      for i in 0..<count { target[i] = value(source[0]) }
    }
  }
}
