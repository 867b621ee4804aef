import RetortIR
import RetortKernels
import RetortTensor

/// For each key a random order of `0, 1, …, count − 1`: the one that sorts the key's first `count`
/// words ascending, equal words by index. `key: key[…] → i32[…, count]`.
///
/// - C1: `key` is of keys.
/// - C2: `count` is at least 0 and an `i32`, and the result's elements can be counted.
package struct Permutation: TensorOp {
  package static let name = "permutation"
  package static let summary = "a random order of 0 to count - 1"
  package static let operandNames = ["key"]
  package static let attributes: [Attribute<Permutation>] = [
    Attribute("count", \.count, required: true, "how many numbers are put in order")
  ]
  package static let differentiability = Differentiability.none(
    reason: "random numbers depend on a key alone")
  package static let samples = [
    Sample(Permutation(17), [TensorType(.key, [])]),
    Sample(Permutation(5), [TensorType(.key, [2, 3])]),
    Sample(Permutation(0), [TensorType(.key, [2])]),
  ]
  package var count = 0

  package init() {}

  package init(_ count: Int) { self.count = count }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let key = operands[0]
    try require(key.element == .key, "C1", "draws from a key, got \(key)", operand: 0)
    guard (0...Int(Int32.max)).contains(count),
      let shape = Shape.checked(key.shape.extents + [count])
    else { throw Violation("C2", "cannot put \(count) numbers in order for each key of \(key)") }
    return [TensorType(.i32, shape)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let y = results[0].elements(Int32.self)
    for (row, key) in operands[0].elements(Key.self).enumerated() {
      let words = (0..<count).map { (word: Threefry.bits(key, $0), index: $0) }
      let order = words.sorted { ($0.word, $0.index) < ($1.word, $1.index) }
      for (place, entry) in order.enumerated() { y[row * count + place] = Int32(entry.index) }
    }
  }

  /// A word for each number, and a sort.
  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 100 * results[0].elementCount)
  }
}

extension GraphBuilder {
  package mutating func permutation(_ key: Value, _ count: Int) -> Value {
    add(Permutation(count), [key])
  }
}
