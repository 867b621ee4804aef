import RetortIR
import RetortTensor

/// An operation that compares two tensors of numbers element by element. NaN compares as IEEE 754
/// says: unequal to everything, neither less nor greater.
///
/// - C1: the operands have one shape (the builder and the language broadcast them first).
/// - C2: the operands have one element type.
/// - C3: it is a number.
package protocol Comparison: TensorOp, LanePredicate {
  var loops: PredicateLoops { get }
  func holds<I: FixedWidthInteger>(integers a: I, _ b: I) -> Bool
}

extension Comparison {
  package static var operandNames: [String] { ["a", "b"] }
  package static var broadcastsOperands: Bool { true }
  package static var differentiability: Differentiability {
    .zero(reason: "a comparison is piecewise constant")
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let type = try commonType(operands)
    try require(type.element.isNumber, "C3", "takes numbers, got \(type)", operand: 0)
    return [type.with(.bool)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let (a, b) = (operands[0], operands[1])
    let count = results[0].elementCount
    guard count > 0 else { return }
    let y = results[0].base.assumingMemoryBound(to: UInt8.self)
    switch a.type.element {
    case .f64:
      loops.doubleReference(
        a.elements().baseAddress!, false, b.elements().baseAddress!, false, y, count)
    case .f32:
      loops.floatReference(
        a.elements().baseAddress!, false, b.elements().baseAddress!, false, y, count)
    case .i64: compareIntegers(Int64.self, a, b, y)
    case .i32: compareIntegers(Int32.self, a, b, y)
    default: compareIntegers(UInt32.self, a, b, y)
    }
  }

  private func compareIntegers<I: FixedWidthInteger & Element>(
    _: I.Type, _ a: TensorView, _ b: TensorView, _ y: UnsafeMutablePointer<UInt8>
  ) {
    let left = a.elements(I.self), right = b.elements(I.self)
    for i in 0..<a.elementCount { y[i] = holds(integers: left[i], right[i]) ? 1 : 0 }
  }
}

extension Sample {
  static func comparison(_ op: any Comparison) -> [Sample] {
    elementwise(op, operands: 2) + elementwise(op, operands: 2, of: .i32)
  }
}
