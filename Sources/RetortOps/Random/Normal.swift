import RetortIR
import RetortKernels
import RetortTensor

/// Standard normal numbers: `√2 · erf⁻¹(v)`, `v = max(l, l + u · (1 − l))`, `l = −1 + 2⁻²⁴`, `u` as
/// in `uniform`. They are 32-bit floats whatever `type` is, so that a program draws the same in
/// every precision. Constraints as `KeyedDraw` says, and
///
/// - C4: `type` is real.
///
/// Source: `jax.random.normal`.
package struct Normal: KeyedDraw {
  package static let name = "normal"
  package static let summary = "standard normal random numbers"
  package static let attributes: [Attribute<Normal>] = [
    Attribute("shape", \.shape, required: true, "the result's extents, beginning with the key's"),
    Attribute("type", \.type, "the result's element type"),
  ]
  package static let samples = [
    Sample(Normal([5, 7]), [TensorType(.key, [])]),
    Sample(Normal([3, 17]), [TensorType(.key, [3])]),
    Sample(Normal([2, 3], type: .f64), [TensorType(.key, [2])]),
  ]
  package var shape: [Int] = []
  package var type = ElementType.f32

  package init() {}

  package init(_ shape: Shape, type: ElementType = .f32) {
    self.shape = shape.extents
    self.type = type
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let shape = try checkedDraw(operands[0])
    try require(type.isReal, "C4", "draws reals, not \(type)")
    return [TensorType(type, shape)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    if type == .f64 {
      let y = results[0].elements(Double.self)
      forEachWord(operands) { y[$0] = Double(Threefry.normal($1)) }
    } else {
      let y = results[0].elements(Float.self)
      forEachWord(operands) { y[$0] = Threefry.normal($1) }
    }
  }
}

extension GraphBuilder {
  package mutating func normal(
    _ key: Value, _ shape: Shape, type: ElementType = .f32
  ) -> Value {
    add(Normal(shape, type: type), [key])
  }
}
