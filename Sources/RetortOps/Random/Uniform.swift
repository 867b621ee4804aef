import RetortIR
import RetortKernels
import RetortTensor

/// Uniform numbers: `max(low, low + u · (high − low))`, `u = ⌊bits / 2⁹⌋ · 2⁻²³` in [0, 1), in the
/// arithmetic of `type`; rounding may give `high` itself. Constraints as `KeyedDraw` says, and
///
/// - C4: `type` is real.
/// - C5: `low ≤ high`, and both and `high − low` are finite in `type`.
///
/// Source: `jax.random.uniform`.
package struct Uniform: KeyedDraw {
  package static let name = "uniform"
  package static let summary = "uniform random numbers, low included"
  package static let attributes: [Attribute<Uniform>] = [
    Attribute("shape", \.shape, required: true, "the result's extents, beginning with the key's"),
    Attribute("low", \.low, "the least number"),
    Attribute("high", \.high, "the end, reached by rounding only"),
    Attribute("type", \.type, "the result's element type"),
  ]
  package static let samples = [
    Sample(Uniform([5, 7]), [TensorType(.key, [])]),
    Sample(Uniform([3, 17], low: -0.3, high: 2), [TensorType(.key, [3])]),
    Sample(Uniform([2, 3], type: .f64), [TensorType(.key, [2])]),
  ]
  package var shape: [Int] = []
  package var low = 0.0
  package var high = 1.0
  package var type = ElementType.f32

  package init() {}

  package init(_ shape: Shape, low: Double = 0, high: Double = 1, type: ElementType = .f32) {
    self.shape = shape.extents
    self.low = low
    self.high = high
    self.type = type
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let shape = try checkedDraw(operands[0])
    try require(type.isReal, "C4", "draws reals, not \(type)")
    try require(low <= high, "C5", "draws from \(low) to \(high)")
    // Only of finite ends is the difference finite.
    let isHeld = type == .f64 ? (high - low).isFinite : (Float(high) - Float(low)).isFinite
    try require(
      isHeld, "C5", "draws from \(low) to \(high), a range that \(type) does not hold")
    return [TensorType(type, shape)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    if type == .f64 {
      draw(Double.self, operands, results[0])
    } else {
      draw(Float.self, operands, results[0])
    }
  }

  private func draw<R: Real>(_: R.Type, _ operands: [TensorView], _ result: TensorView) {
    let y = result.elements(R.self)
    let base = R(low), span = R(high) - R(low)
    forEachWord(operands) { y[$0] = max(base, base + R(Threefry.uniform01($1)) * span) }
  }
}

extension GraphBuilder {
  package mutating func uniform(
    _ key: Value, _ shape: Shape, low: Double = 0, high: Double = 1, type: ElementType = .f32
  ) -> Value {
    add(Uniform(shape, low: low, high: high, type: type), [key])
  }
}
