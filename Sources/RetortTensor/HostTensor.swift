/// A tensor with storage of its own: what files hold, what goes into and comes out of programs.
///
/// A value: copies share their bytes until one is written to.
public struct HostTensor: Sendable, Hashable {
  public let type: TensorType
  /// Elements in row-major order, native byte order, without padding.
  public private(set) var bytes: [UInt8]

  /// Zeros (`false`; key (0, 0)).
  public init(zeros type: TensorType) {
    self.type = type
    bytes = [UInt8](repeating: 0, count: type.byteCount)
  }

  public init(_ type: TensorType, bytes: [UInt8]) {
    precondition(bytes.count == type.byteCount, "\(type) does not take \(bytes.count) bytes")
    self.type = type
    self.bytes = bytes
  }

  public init<E: Element>(_ shape: Shape, _ elements: [E]) {
    precondition(elements.count == shape.elementCount, "\(shape) does not hold \(elements.count)")
    type = TensorType(E.elementType, shape)
    bytes = elements.withUnsafeBytes { Array($0) }
  }

  /// A scalar.
  public init<E: Element>(_ element: E) { self.init([], [element]) }

  public var shape: Shape { type.shape }
  public var elementCount: Int { type.elementCount }

  public func withElements<E: Element, R>(
    of _: E.Type = E.self, _ body: (UnsafeBufferPointer<E>) throws -> R
  ) rethrows -> R {
    precondition(E.elementType == type.element, "\(type) read as \(E.elementType)")
    return try bytes.withUnsafeBytes { try body($0.bindMemory(to: E.self)) }
  }

  public mutating func withUnsafeMutableBytes<R>(
    _ body: (UnsafeMutableRawBufferPointer) throws -> R
  ) rethrows -> R {
    try bytes.withUnsafeMutableBytes(body)
  }

  public func elements<E: Element>(as _: E.Type = E.self) -> [E] {
    withElements(of: E.self) { Array($0) }
  }

  /// The same elements under another shape of as many.
  public func reshaped(_ shape: Shape) -> HostTensor { HostTensor(type.with(shape), bytes: bytes) }

  /// The keys that the tensor holds as words, the first word first (`TensorType.keysInWords`).
  public var keysInWords: HostTensor? {
    guard let type = type.keysInWords else { return nil }
    let words = elements(as: UInt32.self)
    return HostTensor(
      type.shape, stride(from: 0, to: words.count, by: 2).map { Key(words[$0], words[$0 + 1]) })
  }

  /// The words of keys as `u32` with a last axis of two, the first word first.
  public var wordsOfKeys: HostTensor {
    HostTensor(
      Shape(shape.extents + [2]), elements(as: Key.self).flatMap { [$0.first, $0.second] })
  }

  /// Every element as a Double: numbers by value (64-bit integers rounded), `true` as 1, a key by
  /// its 64 bits.
  public var doubles: [Double] {
    switch type.element {
    case .f64: elements(as: Double.self)
    case .f32: elements(as: Float.self).map(Double.init)
    case .f16: elements(as: Half.self).map { Double($0.float) }
    case .bf16: elements(as: BFloat.self).map { Double($0.float) }
    case .i64: elements(as: Int64.self).map(Double.init)
    case .i32: elements(as: Int32.self).map(Double.init)
    case .u32: elements(as: UInt32.self).map(Double.init)
    case .bool: bytes.map { $0 == 0 ? 0 : 1 }
    case .key: elements(as: Key.self).map { Double($0.words) }
    }
  }

  /// The values converted to another element type: floats round to nearest even, reals to integers
  /// toward zero and clamped to the range (NaN to 0), numbers to `bool` by `!= 0`.
  public func converted(to element: ElementType) -> HostTensor {
    if element == type.element { return self }
    // 64-bit integers must not pass through Double on their way to other integers.
    if type.element == .i64, element == .i32 || element == .u32 {
      let values = elements(as: Int64.self)
      return element == .i32
        ? HostTensor(shape, values.map { Int32(clamping: $0) })
        : HostTensor(shape, values.map { UInt32(clamping: $0) })
    }
    // … and would round twice on their way to Float.
    if type.element == .i64, element == .f32 {
      return HostTensor(shape, elements(as: Int64.self).map { Float($0) })
    }
    let values = doubles
    switch element {
    case .f64: return HostTensor(shape, values)
    case .f32: return HostTensor(shape, values.map(Float.init))
    case .f16: return HostTensor(shape, values.map { Half(Float($0)) })
    case .bf16: return HostTensor(shape, values.map { BFloat(Float($0)) })
    case .i64: return HostTensor(shape, values.map { Int64(saturating: $0) })
    case .i32: return HostTensor(shape, values.map { Int32(clamping: Int64(saturating: $0)) })
    case .u32: return HostTensor(shape, values.map { UInt32(clamping: Int64(saturating: $0)) })
    case .bool: return HostTensor(shape, values.map { $0 != 0 })
    case .key:
      return HostTensor(shape, values.map { Key(words: UInt64(bitPattern: Int64(saturating: $0))) })
    }
  }
}

extension Int64 {
  /// Toward zero; NaN becomes 0, what does not fit the nearest end of the range.
  @inlinable
  public init(saturating value: Double) {
    if value.isNaN {
      self = 0
    } else if value >= 0x1p63 {
      self = .max
    } else if value <= -0x1p63 {
      self = .min
    } else {
      self = Int64(value)
    }
  }
}
