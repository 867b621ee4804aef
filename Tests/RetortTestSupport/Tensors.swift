import RetortIR
import RetortTensor

/// A vector of Doubles.
package func vector(_ numbers: Double...) -> HostTensor {
  HostTensor([numbers.count], numbers)
}

/// A tensor of another type with these elements.
package func tensor(
  _ numbers: [Double], _ shape: Shape? = nil, _ element: ElementType = .f64
) -> HostTensor {
  HostTensor(shape ?? [numbers.count], numbers).converted(to: element)
}

extension TensorOp {
  /// The only result's elements.
  package func numbers(_ operands: HostTensor...) throws(Violation) -> [Double] {
    try evaluate(operands)[0].doubles
  }

  /// The operands' cotangents for a cotangent of ones, or for `seed`; only those that flow.
  package func cotangents(
    _ operands: HostTensor..., seed: HostTensor? = nil
  ) throws(Violation) -> [[Double]] {
    let rule = try OpGradient(of: self, operands.map(\.type))
    let results = try evaluate(operands)
    let seeds = rule.seeded.map { index in
      seed
        ?? tensor(
          [Double](repeating: 1, count: results[index].elementCount), results[index].shape,
          results[index].type.element)
    }
    return GraphEvaluator(rule.graph).run(operands + seeds).map(\.doubles)
  }
}
