import RetortIR
import RetortTensor

extension TensorOp {
  /// What a rule says of operands that type inference, which asks it too, has accepted. A violation
  /// is the caller's bug.
  func accepted<Extents>(
    _ operands: [TensorType], by rule: ([TensorType]) throws(Violation) -> Extents
  ) -> Extents {
    do {
      return try rule(operands)
    } catch {
      preconditionFailure("\(signature) on \(operands): \(error.message)")
    }
  }
}
