import RetortIR
import RetortTensor

extension TensorType {
  /// Throws unless this is a tensor of indices.
  func requireIndices(_ label: String, operand: Int) throws(Violation) {
    try require(
      element == .i32 || element == .i64, label, "takes i32 or i64 as 'indices', got \(self)",
      operand: operand)
  }
}

extension TensorView {
  /// The elements of an `i32` or `i64` tensor.
  func readIndices() -> [Int] {
    type.element == .i64
      ? elements(Int64.self).map { Int($0) } : elements(Int32.self).map { Int($0) }
  }

  /// The elements as positions in `0..<extent`, the nearest for those outside.
  func readPositions(extent: Int) -> [Int] {
    readIndices().map { Swift.min(Swift.max($0, 0), extent - 1) }
  }
}
