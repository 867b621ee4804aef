import RetortIR
import RetortKernels
import RetortTensor

/// `bits`, `uniform` and `normal`: one random number an element.
///
/// With `key[]` all elements are drawn from one key. With `key[n, …]` the shape begins so, and each
/// key draws the rest by itself: what it gives does not depend on the others.
///
/// - C1: `key` is of keys.
/// - C2: `shape` is the shape of a tensor.
/// - C3: it begins with the shape of `key`.
package protocol KeyedDraw: TensorOp {
  var shape: [Int] { get }
}

extension KeyedDraw {
  package static var operandNames: [String] { ["key"] }
  package static var differentiability: Differentiability {
    .none(reason: "random numbers depend on a key alone")
  }

  func checkedDraw(_ key: TensorType) throws(Violation) -> Shape {
    try require(key.element == .key, "C1", "draws from a key, got \(key)", operand: 0)
    let result = try checkedShape(shape, "C2")
    try require(
      Array(shape.prefix(key.rank)) == key.shape.extents, "C3",
      "\(result) does not begin with the shape of \(key)", operand: 0)
    return result
  }

  /// Calls `body` with each element's number and its random word.
  func forEachWord(
    _ operands: [TensorView], _ body: (_ index: Int, _ word: UInt32) -> Void
  ) {
    let keys = operands[0].elements(Key.self)
    let count = shape[operands[0].type.rank...].reduce(1, *)
    for (row, key) in keys.enumerated() {
      for j in 0..<count { body(row * count + j, Threefry.bits(key, j)) }
    }
  }

  /// About twenty rounds of three operations for every word.
  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 80 * results[0].elementCount)
  }
}
