import RetortIR
import RetortTensor

/// `y = aᵇ` with the special values of C's `pow`: 1 where `b = 0`, NaN where `a < 0` and `b` is no
/// integer.
///
/// The derivative in `a` is 0 where `b = 0`, the one in `b` is 0 where `a = 0`.
package struct Pow: BinaryElementwise {
  package static let name = "pow"
  package static let summary = "a to the power b"
  package static let samples = Sample.elementwise(Pow(), operands: 2, in: 0.3...2)
  package static let flopsPerElement = 50
  package init() {}

  package var loops: BinaryLoops { BinaryLoops(self) }

  @inline(__always)
  package func apply<L: Lanes>(_ a: L, _ b: L) -> L { L.power(a, b) }

  /// `da = dy · b · a^(b − 1)`, `db = dy · y · ln a`
  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let (base, exponent) = (primal.inputs[0], primal.inputs[1])
    let none = b.fill(0, like: base)
    var result: [Value?] = [nil, nil]
    if primal.wanted[0] {
      // Taken with 1 in place of 0, so that the slope's own slope is finite where it is not used.
      let isZero = b.equal(exponent, 0)
      let power = b.select(isZero, b.fill(1, like: exponent), exponent)
      let slope = b.mul(power, b.pow(base, b.sub(power, 1)))
      result[0] = b.mul(primal.seed, b.select(isZero, none, slope))
    }
    if primal.wanted[1] {
      // The logarithm is taken of 1 in place of 0, so that no infinity meets a zero cotangent.
      let isZero = b.equal(base, 0)
      let logarithm = b.log(b.select(isZero, b.fill(1, like: base), base))
      let slope = b.mul(primal.output, logarithm)
      result[1] = b.mul(primal.seed, b.select(isZero, none, slope))
    }
    return result
  }
}

extension GraphBuilder {
  /// `a` to the power `b`, broadcast.
  package mutating func pow(_ a: Value, _ b: Value) -> Value { elementwise(Pow(), a, b) }
  package mutating func pow(_ a: Value, _ b: Double) -> Value { pow(a, fill(b, like: a)) }
}
