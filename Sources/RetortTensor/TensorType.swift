/// An element type and a shape: `f32[8, 3, 32, 32]`.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
  public var element: ElementType
  public var shape: Shape

  public init(_ element: ElementType, _ shape: Shape) {
    self.element = element
    self.shape = shape
  }

  /// A tensor of 32-bit floats.
  public init(_ shape: Shape) { self.init(.f32, shape) }

  public var rank: Int { shape.rank }
  public var elementCount: Int { shape.elementCount }
  public var byteCount: Int { elementCount * element.byteCount }
  public var isScalar: Bool { shape.rank == 0 }

  public func with(_ element: ElementType) -> TensorType { TensorType(element, shape) }
  public func with(_ shape: Shape) -> TensorType { TensorType(element, shape) }

  public var description: String { element.rawValue + shape.description }
}

extension TensorType {
  /// How files hold keys, in words.
  public static var keyLayout: String { "keys are read as uint32 with a last axis of two words" }

  /// The type of the keys that files hold as words, `u32[…, 2]`; nil for every other type.
  public var keysInWords: TensorType? {
    guard element == .u32, shape.extents.last == 2 else { return nil }
    return TensorType(.key, Shape(shape.extents.dropLast()))
  }
}
