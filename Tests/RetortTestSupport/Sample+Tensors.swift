import RetortIR
import RetortTensor

extension Sample {
  /// Tensors for the operands, the same for the same seed. Reals are rounded to 32 bits, so that
  /// the tensors mean the same in every precision.
  package func tensors(seed: UInt64) -> [HostTensor] {
    var generator = SeededGenerator(seed: seed)
    return operands.map { $0.tensor(&generator) }
  }

  /// The tensors with every real one in Double.
  package func wideTensors(seed: UInt64) -> [HostTensor] {
    tensors(seed: seed).map { $0.type.element.isReal ? $0.converted(to: .f64) : $0 }
  }
}

extension Sample.Operand {
  fileprivate func tensor(_ generator: inout SeededGenerator) -> HostTensor {
    let numbers = numbers(&generator)
    precondition(numbers.count == type.elementCount, "\(numbers.count) numbers for \(type)")
    let rounded = type.element.isReal ? numbers.map { Double(Float($0)) } : numbers
    return HostTensor(type.shape, rounded).converted(to: type.element)
  }

  private func numbers(_ generator: inout SeededGenerator) -> [Double] {
    let count = type.elementCount
    switch values {
    case .uniform(let range, let kinks, let margin):
      return (0..<count).map { _ in
        while true {
          let number = Double.random(in: range, using: &generator)
          if kinks.allSatisfy({ abs($0 - number) >= margin }) { return number }
        }
      }
    case .distinct(let range):
      let distance = (range.upperBound - range.lowerBound) / Double(max(count, 1))
      precondition(distance >= 0.01, "\(range) is too narrow for \(count) distinct numbers")
      return (0..<count).map { range.lowerBound + (Double($0) + 0.5) * distance }
        .shuffled(using: &generator)
    case .integers(let range):
      return (0..<count).map { _ in Double(Int.random(in: range, using: &generator)) }
    case .literal(let numbers):
      return numbers
    }
  }
}
