import Glibc
import RetortIR
import RetortTensor

/// The logarithm of `softmax`: `yᵢ = xᵢ − m − log Σⱼ exp(xⱼ − m)`, `m = maxⱼ xⱼ`.
///
/// Shapes: `x: [outer…, A, inner…]` → `y` of the same shape; NaN where `softmax` is.
/// - C1: `x` is real and has an axis.
/// - C2: `axis` is one of `x`'s.
package struct LogSoftmax: TensorOp {
  package static let name = "log_softmax"
  package static let summary = "the logarithm of softmax, without underflow"
  package static let operandNames = ["x"]
  package static let attributes: [Attribute<LogSoftmax>] = [
    Attribute("axis", \.axis, "the axis along which exponentials of results sum to 1")
  ]
  package var axis = -1

  package init() {}
  package init(axis: Int) { self.axis = axis }

  package static let samples = [
    Sample(LogSoftmax(), [TensorType([4, 7])], in: -5...5),
    Sample(LogSoftmax(axis: 1), [TensorType([2, 5, 3])]),
    Sample(LogSoftmax(axis: 0), [TensorType([9])]),
    Sample(LogSoftmax(axis: -2), [TensorType([3, 1, 2])]),
  ]

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    _ = try Softmax.checkedAxis(axis, operands[0])
    return operands
  }

  /// `dx = dy − softmax(x) ∘ Σ dy`
  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let (x, dy) = (primal.inputs[0], primal.seed)
    let sum = b.sum(dy, axes: [axis], keep: true)
    return [b.sub(dy, b.mul(b.softmax(x, axis: axis), sum))]
  }

  /// Maximum, difference, exponential, sum and difference of each element.
  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    Cost.moving(operands, results, flops: 5 * results[0].elementCount)
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    switch operands[0].type.element {
    case .f64:
      run(operands[0], results[0], exponential: { (x: Double) in exp(x) }, logarithm: { log($0) })
    default:
      run(operands[0], results[0], exponential: { (x: Float) in exp(x) }, logarithm: { log($0) })
    }
  }

  private func run<R: Real>(
    _ operand: TensorView, _ result: TensorView, exponential: (R) -> R, logarithm: (R) -> R
  ) {
    let (x, y) = (operand.elements(R.self), result.elements(R.self))
    let split = AxisSplit(operand.shape, axis: operand.shape.normalised(axis)!)
    for outer in 0..<split.outerCount {
      for inner in 0..<split.innerCount {
        let start = outer * split.extent * split.innerCount + inner
        let line = (0..<split.extent).map { start + $0 * split.innerCount }
        let largest = line.reduce(-R.infinity) { x[$1] > $0 ? x[$1] : $0 }
        let sum = line.reduce(R(0)) { $0 + exponential(x[$1] - largest) }
        let logarithmOfSum = logarithm(sum)
        for i in line { y[i] = x[i] - largest - logarithmOfSum }
      }
    }
  }
}

extension GraphBuilder {
  /// `log_softmax(x, axis: axis)`
  package mutating func logSoftmax(_ x: Value, axis: Int = -1) -> Value {
    add(LogSoftmax(axis: axis), [x])
  }
}
