import RetortText
import RetortTensor

/// What a node does. Structural operations (loops, regions, `gradient`) conform to this alone,
/// operations on tensors to `TensorOp`.
package protocol Op: Sendable {
  /// The word for it in the language, `snake_case`.
  static var name: String { get }
  /// One line of meaning, for `retort ops`.
  static var summary: String { get }
  static var attributes: [Attribute<Self>] { get }
  /// All attributes at their defaults.
  init()
}

extension Op {
  package static var attributes: [Attribute<Self>] { [] }
}

/// An operation from tensors to tensors, defined once: shape rule, gradient, meaning, cost, samples.
package protocol TensorOp: Op {
  /// The operands' names, in order; the last may end in `...` to take any number.
  static var operandNames: [String] { get }
  /// Whether the language may broadcast the operands to a common shape before the call.
  static var broadcastsOperands: Bool { get }
  static var differentiability: Differentiability { get }
  /// Inputs on which every test of the operation is run.
  static var samples: [Sample] { get }

  /// The result types. Every constraint of the operation is checked here and nowhere else.
  func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType]

  /// Adds the nodes that compute the operands' cotangents, one entry an operand: nil means that no
  /// gradient flows there. Only called if `differentiability` is `.differentiable`; operands that
  /// are not `primal.wanted` may be left nil.
  func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?]

  /// The meaning of the operation: plain loops, no cleverness. Results' memory is not cleared
  /// before and does not overlap the operands'.
  func reference(_ operands: [TensorView], _ results: [TensorView])

  func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost
}

extension TensorOp {
  package static var broadcastsOperands: Bool { false }
  package static var differentiability: Differentiability { .differentiable }

  /// One operation an element of the results.
  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    Cost.moving(operands, results, flops: results.reduce(0) { $0 + $1.elementCount })
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    primal.inputs.map { _ in nil }
  }

  /// The number of operands, as a range.
  package static var operandCounts: ClosedRange<Int> {
    guard let last = operandNames.last, last.hasSuffix("...") else {
      return operandNames.count...operandNames.count
    }
    return operandNames.count...Int.max
  }
}

/// What `gradient` may expect of an operation.
package enum Differentiability: Sendable, Hashable {
  case differentiable
  /// The derivative is zero wherever it exists, and that is what a gradient gives.
  case zero(reason: String)
  /// There is none; asking for it is an error with this reason.
  case none(reason: String)
}

/// The forward node whose gradient is being written.
package struct Primal: Sendable {
  package let inputs: [Value]
  package let outputs: [Value]
  /// The cotangents of the outputs; nil where none arrives. At least one is there.
  package let seeds: [Value?]
  /// Which inputs' cotangents will be used.
  package let wanted: [Bool]

  package init(inputs: [Value], outputs: [Value], seeds: [Value?], wanted: [Bool]) {
    self.inputs = inputs
    self.outputs = outputs
    self.seeds = seeds
    self.wanted = wanted
  }

  /// The cotangent of the only output.
  package var seed: Value { seeds[0]! }
  package var output: Value { outputs[0] }
}

/// A constraint that operands or attributes break. The place is added by whoever asked.
package struct Violation: Error, Sendable, Hashable {
  /// `C1`, `C2`, …; with the operation's name it is the diagnostic's code.
  package let label: String
  /// Both sides, in lower case.
  package let message: String
  /// The operand at fault, where there is one.
  package let operand: Int?
  package let hint: String?

  package init(_ label: String, _ message: String, operand: Int? = nil, hint: String? = nil) {
    self.label = label
    self.message = message
    self.operand = operand
    self.hint = hint
  }
}

/// Throws the violation unless the condition holds.
package func require(
  _ condition: Bool, _ label: String, _ message: @autoclosure () -> String, operand: Int? = nil,
  hint: @autoclosure () -> String? = nil
) throws(Violation) {
  if !condition { throw Violation(label, message(), operand: operand, hint: hint()) }
}

/// What running a node once takes.
package struct Cost: Sendable, Hashable {
  /// Floating-point operations; a multiply-add counts as two.
  package var flops: Int
  /// Bytes read and written once.
  package var byteCount: Int

  package init(flops: Int, byteCount: Int) {
    self.flops = flops
    self.byteCount = byteCount
  }

  /// Reads every operand and writes every result once.
  package static func moving(
    _ operands: [TensorType], _ results: [TensorType], flops: Int
  ) -> Cost {
    Cost(flops: flops, byteCount: (operands + results).reduce(0) { sum($0, $1.byteCount) })
  }

  package static func + (a: Cost, b: Cost) -> Cost {
    Cost(flops: sum(a.flops, b.flops), byteCount: sum(a.byteCount, b.byteCount))
  }

  package static let none = Cost(flops: 0, byteCount: 0)

  /// What costs end at: a graph that nobody could run may ask for more than an Int holds.
  private static let most = 1 << 62

  package static func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflows) = a.addingReportingOverflow(b)
    return overflows ? most : min(sum, most)
  }

  package static func product(_ factors: Int...) -> Int {
    if factors.contains(0) { return 0 }
    return factors.reduce(1) {
      let (product, overflows) = $0.multipliedReportingOverflow(by: $1)
      return overflows ? most : min(product, most)
    }
  }
}
