import RetortTensor

extension HostTensor {
  /// `((1103515245 k + 12345) mod 2³¹) / 2³¹` for `k = offset, offset + 1, …`: the inputs for which
  /// published results are known.
  package static func acceptance(
    _ shape: Shape, offset: Int = 0, as element: ElementType = .f64
  ) -> HostTensor {
    let values = (offset..<offset + shape.elementCount).map { (k: Int) -> Double in
      let word: Int = (1_103_515_245 * k + 12345) % (1 << 31)
      return Double(word) / 0x1p31
    }
    return HostTensor(shape, values).converted(to: element)
  }
}

/// Whether every value is the expected one, rounded to so many digits after the point.
package func agree(_ values: [Double], _ expected: [Double], digits: Int) -> Bool {
  var unit = 0.5
  for _ in 0..<digits { unit /= 10 }
  return values.count == expected.count
    && zip(values, expected).allSatisfy { abs($0 - $1) <= unit * 1.001 }
}
