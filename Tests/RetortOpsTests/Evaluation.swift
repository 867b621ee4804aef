import RetortIR
import RetortOps
import RetortTensor

extension TensorOp {
  /// The results by the operation's own loops.
  func evaluate(_ operands: [HostTensor]) throws(Violation) -> [HostTensor] {
    let types = try inferTypes(operands.map(\.type))
    let inputs = operands.map { TensorView(copying: $0) }
    let outputs = types.map { TensorView(copying: HostTensor(poisoned: $0)) }
    defer { (inputs + outputs).forEach { $0.base.deallocate() } }
    reference(inputs, outputs)
    return outputs.map { HostTensor(copying: $0) }
  }

  /// The only result of the operation on reals, as Doubles.
  func evaluate(_ operands: HostTensor...) throws(Violation) -> [Double] {
    try evaluate(operands)[0].doubles
  }
}

extension TensorView {
  fileprivate init(copying tensor: HostTensor) {
    let base = UnsafeMutableRawPointer.allocate(
      byteCount: max(tensor.type.byteCount, 1), alignment: 64)
    tensor.bytes.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress {
        base.copyMemory(from: source, byteCount: bytes.count)
      }
    }
    self.init(tensor.type, base)
  }
}

extension HostTensor {
  /// Bytes that a result must overwrite.
  fileprivate init(poisoned type: TensorType) {
    self.init(type, bytes: [UInt8](repeating: 0xA5, count: type.byteCount))
  }

  fileprivate init(copying view: TensorView) {
    let bytes = UnsafeRawBufferPointer(start: view.base, count: view.type.byteCount)
    self.init(view.type, bytes: Array(bytes))
  }

  /// `(1103515245 k + 12345) mod 2³¹ / 2³¹` for `k = offset, offset + 1, …`: the inputs of the
  /// acceptance vectors.
  static func acceptance(
    _ shape: Shape, offset: Int = 0, as element: ElementType = .f64
  ) -> HostTensor {
    let values = (0..<shape.elementCount).map { k in
      Double((1_103_515_245 * (k + offset) + 12345) % (1 << 31)) / 0x1p31
    }
    return HostTensor(shape, values).converted(to: element)
  }
}

/// Whether every value is that expected, to so many digits after the point.
func agree(_ values: [Double], _ expected: [Double], digits: Int) -> Bool {
  var unit = 0.5
  for _ in 0..<digits { unit /= 10 }
  return values.count == expected.count
    && zip(values, expected).allSatisfy { abs($0 - $1) <= unit * 1.001 }
}
