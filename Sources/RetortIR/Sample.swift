import RetortTensor

/// One set of inputs for an operation, from which its tests are derived: gradients against central
/// differences, fast kernels against the reference, printing, fuzzing.
package struct Sample: Sendable {
  /// How one operand is filled.
  package struct Operand: Sendable {
    package enum Values: Sendable {
      /// Uniform reals, at least `margin` away from every number of `avoiding` (kinks).
      case uniform(ClosedRange<Double>, avoiding: [Double], margin: Double)
      /// Every element different by at least 0.01 from every other (no ties), in random order.
      case distinct(ClosedRange<Double>)
      /// Uniform whole numbers.
      case integers(ClosedRange<Int>)
      case literal([Double])
    }

    package let type: TensorType
    package let values: Values

    package init(_ type: TensorType, _ values: Values) {
      self.type = type
      self.values = values
    }
  }

  package let op: any TensorOp
  package let operands: [Operand]

  package init(_ op: any TensorOp, _ operands: [Operand]) {
    self.op = op
    self.operands = operands
  }

  /// Real operands drawn uniformly from one range; `bool` operands are drawn from 0 and 1, integers
  /// and keys from 0...5.
  package init(
    _ op: any TensorOp, _ types: [TensorType], in range: ClosedRange<Double> = -2...2,
    avoiding kinks: [Double] = []
  ) {
    self.op = op
    operands = types.map { type in
      switch type.element {
      case .f32, .f64, .f16, .bf16:
        Operand(type, .uniform(range, avoiding: kinks, margin: 0.05))
      case .bool: Operand(type, .integers(0...1))
      case .i64, .i32, .u32, .key: Operand(type, .integers(0...5))
      }
    }
  }
}
