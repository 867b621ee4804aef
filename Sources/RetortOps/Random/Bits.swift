import RetortIR
import RetortTensor

/// Random 32-bit words: the exclusive-or of both words of Threefry-2x32-20 of each element's number
/// under its key. Constraints as `KeyedDraw` says.
///
/// Source: Salmon, Moraes, Dror, Shaw 2011; `jax.random.bits` with partitionable counters.
package struct Bits: KeyedDraw {
  package static let name = "bits"
  package static let summary = "random 32-bit words"
  package static let attributes: [Attribute<Bits>] = [
    Attribute("shape", \.shape, required: true, "the result's extents, beginning with the key's")
  ]
  package static let samples = [
    Sample(Bits([5, 7]), [TensorType(.key, [])]),
    Sample(Bits([3, 17]), [TensorType(.key, [3])]),
    Sample(Bits([2, 3]), [TensorType(.key, [2, 3])]),
    Sample(Bits([0, 3]), [TensorType(.key, [0])]),
  ]
  package var shape: [Int] = []

  package init() {}

  package init(_ shape: Shape) { self.shape = shape.extents }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [TensorType(.u32, try checkedDraw(operands[0]))]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let y = results[0].elements(UInt32.self)
    forEachWord(operands) { y[$0] = $1 }
  }
}

extension GraphBuilder {
  package mutating func bits(_ key: Value, _ shape: Shape) -> Value { add(Bits(shape), [key]) }
}
