import RetortTensor

/// The largest difference of two tensors' elements over the largest expected element; infinity
/// where shapes differ or a value is not finite.
package func scaledError(_ actual: HostTensor, _ expected: HostTensor) -> Double {
  guard actual.shape == expected.shape else { return .infinity }
  return scaledError(actual.doubles, expected.doubles)
}

package func scaledError(_ actual: [Double], _ expected: [Double]) -> Double {
  var scale = 0.0
  var worst = 0.0
  for (x, y) in zip(actual, expected) {
    guard x.isFinite, y.isFinite else { return .infinity }
    scale = max(scale, abs(y))
    worst = max(worst, abs(x - y))
  }
  return worst == 0 ? 0 : worst / scale
}

/// Whether a value is the one written, rounded to as many digits after the point as are written.
package func agrees(_ value: Double, _ written: String) -> Bool {
  let parts = written.split(separator: ".")
  return agree([value], [Double(written)!], digits: parts.count == 2 ? parts[1].count : 0)
}

/// The same for several values, written with blanks between them.
package func agrees(_ values: [Double], _ written: String) -> Bool {
  let numbers = written.split(separator: " ")
  return values.count == numbers.count
    && zip(values, numbers).allSatisfy { agrees($0, String($1)) }
}
