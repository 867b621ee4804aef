import RetortTensor

/// A tensor as it is to lie in a file: named elements in row-major order, little-endian.
struct StoredBytes: Sendable {
  let name: String
  let type: StoredType
  let shape: Shape
  let bytes: [UInt8]

  /// A tensor in its own element type. Keys get a last axis of their two words, the first word first.
  init(_ name: String, _ tensor: HostTensor) {
    self.name = name
    type = StoredType(tensor.type.element)
    let plain = tensor.type.element == .key ? tensor.wordsOfKeys : tensor
    (shape, bytes) = (plain.shape, plain.bytes)
  }

  /// A tensor in the element type of the file that it came from.
  init(_ stored: StoredTensor) {
    (name, type, shape) = (stored.name, stored.type, stored.tensor.shape)
    bytes = stored.type.narrowed(stored.tensor)
  }

  private init(name: String, widening tensor: HostTensor) {
    self.init(name, tensor.converted(to: .f32))
  }

  /// The same for NumPy, which has no bfloat16: that is widened to float32, without loss.
  var forNumPy: StoredBytes {
    guard type == .bfloat16 else { return self }
    return StoredBytes(
      name: name, widening: HostTensor(TensorType(.bf16, shape), bytes: bytes))
  }
}

extension StoredType {
  /// The bytes of a tensor that was read from a file of this type.
  func narrowed(_ tensor: HostTensor) -> [UInt8] {
    switch self {
    case .int16: Self.narrowed(tensor, Int16.self)
    case .int8: Self.narrowed(tensor, Int8.self)
    case .uint16: Self.narrowed(tensor, UInt16.self)
    case .uint8: Self.narrowed(tensor, UInt8.self)
    default: tensor.bytes
    }
  }

  private static func narrowed<T: FixedWidthInteger>(_ tensor: HostTensor, _: T.Type) -> [UInt8] {
    tensor.withElements(of: Int32.self) { values in
      values.map { T(truncatingIfNeeded: $0) }.withUnsafeBytes { Array($0) }
    }
  }
}
