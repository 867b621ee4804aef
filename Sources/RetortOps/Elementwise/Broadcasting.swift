import RetortIR
import RetortTensor

extension GraphBuilder {
  /// Adds a node whose operands are broadcast to their common shape first, as NumPy does: aligned
  /// from the last axis, extent 1 repeats.
  ///
  /// - Throws: C1 where two operands have no common shape, and what the operation demands.
  package mutating func appendBroadcasting(
    _ op: any TensorOp, _ operands: [Value], name: String? = nil
  ) throws(Violation) -> Value {
    let shape = try commonShape(operands)
    let aligned = operands.map { broadcast($0, to: shape) }
    return try append(op, aligned, names: name.map { [$0] } ?? [])[0]
  }

  /// As `appendBroadcasting`, where a violation is the caller's bug.
  package mutating func elementwise(_ op: any TensorOp, _ operands: Value...) -> Value {
    do {
      return try appendBroadcasting(op, operands)
    } catch {
      let types = operands.map { type(of: $0).description }.joined(separator: ", ")
      preconditionFailure("\(op.signature) on \(types): \(error.message) [\(error.label)]")
    }
  }

  private func commonShape(_ operands: [Value]) throws(Violation) -> Shape {
    var common = Shape([])
    for (index, operand) in operands.enumerated() {
      guard let next = Shape.broadcast(common, shape(of: operand)) else {
        let other = operands.first { Shape.broadcast(shape(of: $0), shape(of: operand)) == nil }!
        throw Violation(
          "C1", "cannot broadcast \(type(of: other)) with \(type(of: operand))", operand: index)
      }
      common = next
    }
    return common
  }
}

/// The one type of an elementwise operation's operands.
///
/// - Throws: C1 for unequal shapes, C2 for unequal element types.
func commonType(_ operands: some Collection<TensorType>) throws(Violation) -> TensorType {
  let first = operands.first!
  for (index, type) in operands.enumerated().dropFirst() {
    try require(
      type.shape == first.shape, "C1", "takes operands of one shape, got \(first) and \(type)",
      operand: index)
    try require(
      type.element == first.element, "C2",
      "takes operands of one element type, got \(first.element) and \(type.element)",
      operand: index, hint: "'convert' one of them")
  }
  return first
}
