internal import RetortTensor

/// A tensor: an element type, a shape, and elements in row-major order.
public struct Tensor: Sendable, Hashable {
  /// What an element is.
  public enum ElementType: String, Sendable, CaseIterable {
    /// IEEE 754 floats of 64 and 32 bits.
    case f64, f32
    /// Half precision, for weights; widened when they are bound.
    case f16, bf16
    /// Integers of two's complement, and unsigned ones of 32 bits.
    case i64, i32, u32
    /// One byte, 0 or 1.
    case bool
    /// A key of random numbers: 8 bytes, the first 32-bit word in the upper half.
    case key
  }

  let host: HostTensor

  init(_ host: HostTensor) { self.host = host }

  /// 32-bit floats.
  /// - Throws: where there are more or fewer of them than the shape has elements.
  public init(_ elements: [Float], shape: [Int]) throws(RetortError) {
    let type = try TensorType(.f32, shape, elementCount: elements.count)
    host = HostTensor(type.shape, elements)
  }

  /// 32-bit integers, such as labels.
  /// - Throws: where there are more or fewer of them than the shape has elements.
  public init(integers elements: [Int32], shape: [Int]) throws(RetortError) {
    let type = try TensorType(.i32, shape, elementCount: elements.count)
    host = HostTensor(type.shape, elements)
  }

  /// Elements of any type from their bytes, in the machine's byte order.
  /// - Throws: where there are more or fewer bytes than the shape's elements take.
  public init(
    bytes: [UInt8], elementType: ElementType, shape: [Int]
  ) throws(RetortError) {
    let element = RetortTensor.ElementType(elementType)
    guard bytes.count % element.byteCount == 0 else {
      throw RetortError("\(bytes.count) bytes are no whole number of \(elementType.rawValue)")
    }
    let type = try TensorType(element, shape, elementCount: bytes.count / element.byteCount)
    // Elsewhere too a byte of a `bool` holds where it is not 0.
    host = HostTensor(type, bytes: elementType == .bool ? bytes.map { $0 == 0 ? 0 : 1 } : bytes)
  }

  /// What its elements are.
  public var elementType: ElementType { ElementType(host.type.element) }
  /// The extents, the outermost first; empty for a single element.
  public var shape: [Int] { host.shape.extents }
  /// The product of the extents.
  public var elementCount: Int { host.elementCount }

  /// The elements' bytes, in the machine's byte order.
  public var bytes: [UInt8] { host.bytes }

  /// The elements as 32-bit floats: others are converted, rounding to nearest; `true` is 1.
  public var floats: [Float] { host.converted(to: .f32).elements(as: Float.self) }
}

extension Tensor: CustomStringConvertible {
  /// The type: `f32[8, 3, 32, 32]`.
  public var description: String { host.type.description }
}

extension Tensor.ElementType {
  init(_ element: RetortTensor.ElementType) {
    switch element {
    case .f64: self = .f64
    case .f32: self = .f32
    case .f16: self = .f16
    case .bf16: self = .bf16
    case .i64: self = .i64
    case .i32: self = .i32
    case .u32: self = .u32
    case .bool: self = .bool
    case .key: self = .key
    }
  }
}

extension RetortTensor.ElementType {
  init(_ element: Tensor.ElementType) {
    // The names are the same, which `Tensor.ElementType.init` above keeps complete.
    self = RetortTensor.ElementType(rawValue: element.rawValue)!
  }
}

extension TensorType {
  /// A type that has as many elements as were given.
  init(
    _ element: RetortTensor.ElementType, _ extents: [Int], elementCount: Int
  ) throws(RetortError) {
    guard let shape = Shape.checked(extents, bytesPerElement: element.byteCount) else {
      throw RetortError("\(extents) is no shape: an extent is negative, or memory too small")
    }
    guard shape.elementCount == elementCount else {
      throw RetortError("\(shape) holds \(shape.elementCount) elements, not \(elementCount)")
    }
    self.init(element, shape)
  }
}
