import RetortIR
import RetortTensor

/// An operation that maps every pair of elements of two real tensors by one formula.
///
/// - C1: the operands have one shape (the builder and the language broadcast them first).
/// - C2: the operands have one element type.
/// - C3: it is real (a number, for the operations that integers have too).
///
/// `loops` must be written in the type's own file, so that the loops are compiled for the formula.
package protocol BinaryElementwise: TensorOp, BinaryLaneFunction {
  /// Additions, multiplications and the like of the fast form, an estimate for the cost model.
  static var flopsPerElement: Int { get }
  var loops: BinaryLoops { get }
}

extension BinaryElementwise {
  package static var operandNames: [String] { ["a", "b"] }
  package static var broadcastsOperands: Bool { true }
  package static var flopsPerElement: Int { 1 }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let type = try commonType(operands)
    try require(type.element.isReal, "C3", "takes reals, got \(type)", operand: 0)
    return [type]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    applyToReals(operands[0], operands[1], results[0])
  }

  func applyToReals(_ a: TensorView, _ b: TensorView, _ y: TensorView) {
    let count = y.elementCount
    guard count > 0 else { return }
    if a.type.element == .f64 {
      loops.doubleReference(
        a.elements().baseAddress!, false, b.elements().baseAddress!, false,
        y.elements().baseAddress!, count)
    } else {
      loops.floatReference(
        a.elements().baseAddress!, false, b.elements().baseAddress!, false,
        y.elements().baseAddress!, count)
    }
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: Self.flopsPerElement * results[0].elementCount)
  }
}

/// A binary operation that integers have too, wrapping around.
package protocol IntegerBinaryElementwise: BinaryElementwise {
  func apply<I: FixedWidthInteger>(integers a: I, _ b: I) -> I
}

extension IntegerBinaryElementwise {
  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let type = try commonType(operands)
    try require(type.element.isNumber, "C3", "takes numbers, got \(type)", operand: 0)
    return [type]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    switch operands[0].type.element {
    case .i64: applyToIntegers(Int64.self, operands[0], operands[1], results[0])
    case .i32: applyToIntegers(Int32.self, operands[0], operands[1], results[0])
    case .u32: applyToIntegers(UInt32.self, operands[0], operands[1], results[0])
    default: applyToReals(operands[0], operands[1], results[0])
    }
  }

  private func applyToIntegers<I: FixedWidthInteger & Element>(
    _: I.Type, _ a: TensorView, _ b: TensorView, _ y: TensorView
  ) {
    let left = a.elements(I.self), right = b.elements(I.self), target = y.elements(I.self)
    for i in 0..<y.elementCount { target[i] = apply(integers: left[i], right[i]) }
  }
}
