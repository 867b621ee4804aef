import RetortIR
import RetortTensor

extension ElementType {
  /// Whether values in programs can have the type; the others are for stored weights only.
  package var isComputed: Bool { self != .f16 && self != .bf16 }

  /// Whether a number is exactly an element of this type; reals take every number, rounded.
  package func holds(_ value: Double) -> Bool {
    switch self {
    case .f64, .f32: true
    case .i64: Int64(exactly: value) != nil
    case .i32: Int32(exactly: value) != nil
    case .u32: UInt32(exactly: value) != nil
    case .bool: value == 0 || value == 1
    case .key: value == 0
    case .f16, .bf16: false
    }
  }
}

extension TensorView {
  /// Writes a number, which the type `holds`, to one element.
  package func store(_ value: Double, at index: Int) {
    switch type.element {
    case .f64: elements(Double.self)[index] = value
    case .f32: elements(Float.self)[index] = Float(value)
    case .i64: elements(Int64.self)[index] = Int64(value)
    case .i32: elements(Int32.self)[index] = Int32(value)
    case .u32: elements(UInt32.self)[index] = UInt32(value)
    case .bool: elements(Bool.self)[index] = value != 0
    case .key: elements(Key.self)[index] = Key(words: UInt64(value))
    case .f16, .bf16: preconditionFailure("\(type) is for stored weights only")
    }
  }
}
