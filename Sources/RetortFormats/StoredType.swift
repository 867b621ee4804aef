import RetortTensor

/// The element types that files hold, by their NumPy names.
enum StoredType: String, CaseIterable, Sendable {
  case float64, float32, float16, bfloat16
  case int64, int32, int16, int8
  case uint64, uint32, uint16, uint8
  case bool

  var byteCount: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// What the values become in memory: themselves, or the next wider type that exists.
  var element: ElementType {
    switch self {
    case .float64: .f64
    case .float32: .f32
    case .float16: .f16
    case .bfloat16: .bf16
    case .int64, .uint64: .i64
    case .int32, .int16, .int8, .uint16, .uint8: .i32
    case .uint32: .u32
    case .bool: .bool
    }
  }

  /// The type in which a tensor of this element type is stored. Keys are two `uint32` each.
  init(_ element: ElementType) {
    switch element {
    case .f64: self = .float64
    case .f32: self = .float32
    case .f16: self = .float16
    case .bf16: self = .bfloat16
    case .i64: self = .int64
    case .i32: self = .int32
    case .u32, .key: self = .uint32
    case .bool: self = .bool
    }
  }

  /// The shape that a file claims, if its elements, eight bytes each, can be counted and its rank
  /// is at most 64. Other extents must stay countable beside a zero too.
  func shape(_ extents: [Int]) throws(FormatError) -> Shape {
    guard extents.count <= 64 else {
      throw FormatError("the tensor has \(extents.count) axes, more than the 64 that are read")
    }
    var count = 8
    for extent in extents {
      guard extent >= 0 else {
        throw FormatError("the shape \(Shape(extents)) has a negative extent")
      }
      guard let product = count.times(max(extent, 1)) else {
        throw FormatError("the shape \(Shape(extents)) has more elements than can be counted")
      }
      count = product
    }
    return Shape(extents)
  }

  /// The bytes of a tensor of a shape that `shape(_:)` has passed.
  func byteCount(_ shape: Shape) -> Int { shape.elementCount * byteCount }

  /// A tensor from its bytes in row-major order, of which there must be as many as it needs.
  func tensor(
    _ bytes: ArraySlice<UInt8>, _ shape: Shape, isBigEndian: Bool = false
  ) throws(FormatError) -> HostTensor {
    guard bytes.count == byteCount(shape) else {
      throw FormatError(
        "\(rawValue)\(shape) takes \(byteCount(shape)) bytes, but the data has \(bytes.count)")
    }
    let ordered = isBigEndian ? Self.swapped(bytes, byteCount) : Array(bytes)
    switch self {
    case .int16: return Self.widened(ordered, shape, Int16.self)
    case .int8: return Self.widened(ordered, shape, Int8.self)
    case .uint16: return Self.widened(ordered, shape, UInt16.self)
    case .uint8: return Self.widened(ordered, shape, UInt8.self)
    case .bool: return HostTensor(shape, ordered.map { $0 != 0 })
    case .uint64:
      let tensor = HostTensor(TensorType(.i64, shape), bytes: ordered)
      guard tensor.elements(as: Int64.self).allSatisfy({ $0 >= 0 }) else {
        throw FormatError("a uint64 value is larger than the largest int64 that it is read as")
      }
      return tensor
    default: return HostTensor(TensorType(element, shape), bytes: ordered)
    }
  }

  private static func widened<T: FixedWidthInteger>(
    _ bytes: [UInt8], _ shape: Shape, _: T.Type
  ) -> HostTensor {
    let type = TensorType(.i32, shape)
    let widened = bytes.withUnsafeBytes { source in
      [UInt8](unsafeUninitializedCapacity: type.byteCount) { target, count in
        for index in 0..<type.elementCount {
          let value = source.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self)
          UnsafeMutableRawBufferPointer(target).storeBytes(
            of: Int32(value), toByteOffset: 4 * index, as: Int32.self)
        }
        count = type.byteCount
      }
    }
    return HostTensor(type, bytes: widened)
  }

  private static func swapped(_ bytes: ArraySlice<UInt8>, _ width: Int) -> [UInt8] {
    var result = Array(bytes)
    for start in stride(from: 0, to: result.count, by: width) {
      result[start..<start + width].reverse()
    }
    return result
  }
}
