import Glibc
import RetortIR
import RetortTensor

/// Softmax along one axis: `yᵢ = exp(xᵢ − m) / Σⱼ exp(xⱼ − m)`, `m = maxⱼ xⱼ`.
///
/// Shapes: `x: [outer…, A, inner…]` → `y` of the same shape. Along an axis with a NaN or a positive
/// infinity, or of negative infinities alone, `y` is NaN.
/// - C1: `x` is real and has an axis.
/// - C2: `axis` is one of `x`'s.
package struct Softmax: TensorOp {
  package static let name = "softmax"
  package static let summary = "exponentials along an axis, divided by their sum"
  package static let operandNames = ["x"]
  package static let attributes: [Attribute<Softmax>] = [
    Attribute("axis", \.axis, "the axis along which results sum to 1")
  ]
  package var axis = -1

  package init() {}
  package init(axis: Int) { self.axis = axis }

  package static let samples = [
    Sample(Softmax(), [TensorType([4, 7])], in: -5...5),
    Sample(Softmax(axis: 1), [TensorType([2, 5, 3])]),
    Sample(Softmax(axis: 0), [TensorType([9])]),
    Sample(Softmax(axis: -2), [TensorType([3, 1, 2])]),
  ]

  /// The axis counted from the front.
  ///
  /// - Throws: C1 and C2, for `log_softmax` too.
  static func checkedAxis(_ axis: Int, _ x: TensorType) throws(Violation) -> Int {
    try require(
      x.element.isReal && x.rank >= 1, "C1", "takes reals along an axis, got \(x)", operand: 0)
    return try RetortOps.checkedAxis(axis, of: x, "C2")
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    _ = try Self.checkedAxis(axis, operands[0])
    return operands
  }

  /// `dx = y ∘ (dy − Σ y ∘ dy)`
  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let (y, dy) = (primal.output, primal.seed)
    let inner = b.sum(b.mul(y, dy), axes: [axis], keep: true)
    return [b.mul(y, b.sub(dy, inner))]
  }

  /// Maximum, difference, exponential, sum and quotient of each element.
  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    Cost.moving(operands, results, flops: 5 * results[0].elementCount)
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    switch operands[0].type.element {
    case .f64: run(operands[0], results[0]) { (x: Double) in exp(x) }
    default: run(operands[0], results[0]) { (x: Float) in exp(x) }
    }
  }

  private func run<R: Real>(
    _ operand: TensorView, _ result: TensorView, exponential: (R) -> R
  ) {
    let (x, y) = (operand.elements(R.self), result.elements(R.self))
    let split = AxisSplit(operand.shape, axis: operand.shape.normalised(axis)!)
    for outer in 0..<split.outerCount {
      for inner in 0..<split.innerCount {
        let start = outer * split.extent * split.innerCount + inner
        let line = (0..<split.extent).map { start + $0 * split.innerCount }
        let largest = line.reduce(-R.infinity) { x[$1] > $0 ? x[$1] : $0 }
        for i in line { y[i] = exponential(x[i] - largest) }
        let sum = line.reduce(R(0)) { $0 + y[$1] }
        for i in line { y[i] /= sum }
      }
    }
  }
}

extension GraphBuilder {
  /// `softmax(x, axis: axis)`
  package mutating func softmax(_ x: Value, axis: Int = -1) -> Value {
    add(Softmax(axis: axis), [x])
  }
}
