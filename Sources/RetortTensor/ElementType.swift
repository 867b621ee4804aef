/// What one element of a tensor is.
public enum ElementType: String, CaseIterable, Sendable, Hashable {
  case f64, f32
  /// Stored weights only; widened to `f32` when they are loaded.
  case f16, bf16
  case i64, i32, u32
  /// One byte, 0 or 1.
  case bool
  /// A Threefry key: two 32-bit words, the first in the upper half of a `UInt64`.
  case key

  /// Bytes that one element occupies in memory and in files.
  public var byteCount: Int {
    switch self {
    case .f64, .i64, .key: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16: 2
    case .bool: 1
    }
  }

  /// Whether values of this type carry gradients.
  public var isReal: Bool { self == .f32 || self == .f64 }
  public var isInteger: Bool { self == .i64 || self == .i32 || self == .u32 }
  /// Whether arithmetic is defined on it.
  public var isNumber: Bool { isReal || isInteger }
}
