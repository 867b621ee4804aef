import RetortIR
import RetortTensor

/// An operation that maps every element of a real tensor by one formula.
///
/// A conforming type gives the formula over `Lanes`, its `loops` and its derivative; shapes,
/// gradient, reference and cost follow. `loops` must be written in the type's own file, so that the
/// loops are compiled for the formula:
///
///     package var loops: UnaryLoops { UnaryLoops(self) }
package protocol UnaryElementwise: TensorOp, UnaryLaneFunction {
  /// Additions, multiplications and the like of the fast form, an estimate for the cost model.
  static var flopsPerElement: Int { get }
  var loops: UnaryLoops { get }
  /// Adds the nodes of `f′(x)`, given `x` and `y = f(x)`; nil means that no gradient flows.
  func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value?
}

extension UnaryElementwise {
  package static var operandNames: [String] { ["x"] }
  package static var broadcastsOperands: Bool { true }
  package static var flopsPerElement: Int { 1 }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try require(operands[0].element.isReal, "C1", "takes reals, got \(operands[0])", operand: 0)
    return operands
  }

  package func derivative(_ b: inout GraphBuilder, x: Value, y: Value) -> Value? { nil }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let slope = derivative(&b, x: primal.inputs[0], y: primal.output)
    return [slope.map { b.mul(primal.seed, $0) }]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    applyToReals(operands[0], results[0])
  }

  func applyToReals(_ x: TensorView, _ y: TensorView) {
    guard x.elementCount > 0 else { return }
    if x.type.element == .f64 {
      loops.doubleReference(
        x.elements().baseAddress!, y.elements().baseAddress!, x.elementCount)
    } else {
      loops.floatReference(
        x.elements().baseAddress!, y.elements().baseAddress!, x.elementCount)
    }
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: Self.flopsPerElement * results[0].elementCount)
  }
}

/// A unary operation that integers have too, wrapping around.
package protocol IntegerUnaryElementwise: UnaryElementwise {
  func apply<I: FixedWidthInteger>(integer x: I) -> I
}

extension IntegerUnaryElementwise {
  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    try require(operands[0].element.isNumber, "C1", "takes numbers, got \(operands[0])", operand: 0)
    return operands
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    switch operands[0].type.element {
    case .i64: applyToIntegers(Int64.self, operands[0], results[0])
    case .i32: applyToIntegers(Int32.self, operands[0], results[0])
    case .u32: applyToIntegers(UInt32.self, operands[0], results[0])
    default: applyToReals(operands[0], results[0])
    }
  }

  private func applyToIntegers<I: FixedWidthInteger & Element>(
    _: I.Type, _ x: TensorView, _ y: TensorView
  ) {
    let source = x.elements(I.self), target = y.elements(I.self)
    for i in 0..<x.elementCount { target[i] = apply(integer: source[i]) }
  }
}

extension Sample {
  /// What elementwise operations are tested on: a scalar, no element at all, and a number of
  /// elements that no vector divides.
  static func elementwise(
    _ op: any TensorOp, operands count: Int = 1, in range: ClosedRange<Double> = -2...2,
    avoiding kinks: [Double] = [], of element: ElementType = .f32
  ) -> [Sample] {
    [[], [0], [5, 7]].map { (shape: Shape) in
      Sample(
        op, [TensorType](repeating: TensorType(element, shape), count: count), in: range,
        avoiding: kinks)
    }
  }
}
