/// A tensor in memory that somebody else owns: how operations read their operands and write their
/// results. Elements lie in row-major order without gaps.
public struct TensorView: @unchecked Sendable {
  public let type: TensorType
  public let base: UnsafeMutableRawPointer

  public init(_ type: TensorType, _ base: UnsafeMutableRawPointer) {
    self.type = type
    self.base = base
  }

  @inlinable public var shape: Shape { type.shape }
  @inlinable public var elementCount: Int { type.elementCount }

  /// The elements. Asking for another type than the tensor's is a caller's bug.
  @inlinable
  public func elements<E: Element>(_: E.Type = E.self) -> UnsafeMutableBufferPointer<E> {
    precondition(E.elementType == type.element, "a view of another element type")
    return UnsafeMutableBufferPointer(
      start: base.assumingMemoryBound(to: E.self), count: type.elementCount)
  }
}

extension HostTensor {
  /// Runs `body` with a view of these bytes. The view must not be written to or kept.
  public func withView<R>(_ body: (TensorView) throws -> R) rethrows -> R {
    // An empty array has no address; any aligned one does for zero bytes.
    try bytes.withUnsafeBytes { buffer in
      let base = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 64)!
      return try body(TensorView(type, UnsafeMutableRawPointer(mutating: base)))
    }
  }

  /// Runs `body` with a view that may be written to.
  public mutating func withMutableView<R>(_ body: (TensorView) throws -> R) rethrows -> R {
    let type = type
    return try withUnsafeMutableBytes { buffer in
      let base = buffer.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 64)!
      return try body(TensorView(type, base))
    }
  }
}
