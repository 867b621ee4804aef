import RetortIR
import RetortKernels
import RetortTensor

/// A new key from each key and number: Threefry-2x32-20 of `(0, data)` under the key. Negative
/// numbers count as their 32 bits.
///
/// - C1: `key` and `data` have one shape (the builder and the language broadcast them first).
/// - C2: `key` is of keys.
/// - C3: `data` is `i32` or `u32`.
///
/// Source: `jax.random.fold_in`.
package struct Fold: TensorOp {
  package static let name = "fold"
  package static let summary = "a new key from a key and a number"
  package static let operandNames = ["key", "data"]
  package static let broadcastsOperands = true
  package static let differentiability = Differentiability.none(
    reason: "random numbers depend on a key alone")
  package static let samples = [ElementType.i32, .u32].flatMap { element in
    [Shape([]), [0], [5, 7]].map { shape in
      Sample(Fold(), [TensorType(.key, shape), TensorType(element, shape)])
    }
  }
  package init() {}

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let (key, data) = (operands[0], operands[1])
    try require(
      key.shape == data.shape, "C1", "takes operands of one shape, got \(key) and \(data)",
      operand: 1)
    try require(key.element == .key, "C2", "folds into a key, got \(key)", operand: 0)
    try require(
      data.element == .i32 || data.element == .u32, "C3", "folds in i32 or u32, got \(data)",
      operand: 1)
    return [key]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let keys = operands[0].elements(Key.self), y = results[0].elements(Key.self)
    if operands[1].type.element == .u32 {
      let data = operands[1].elements(UInt32.self)
      for i in y.indices { y[i] = Threefry.fold(keys[i], data[i]) }
    } else {
      let data = operands[1].elements(Int32.self)
      for i in y.indices { y[i] = Threefry.fold(keys[i], UInt32(bitPattern: data[i])) }
    }
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 80 * results[0].elementCount)
  }
}

extension GraphBuilder {
  /// Keys and numbers are broadcast: one key and a vector of numbers give a vector of keys.
  package mutating func fold(_ key: Value, _ data: Value) -> Value {
    elementwise(Fold(), key, data)
  }
  package mutating func fold(_ key: Value, _ data: Int) -> Value {
    fold(key, fill(Double(data), shape(of: key), .i32))
  }
}
