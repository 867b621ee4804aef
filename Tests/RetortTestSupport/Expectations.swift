import RetortTensor
import RetortText

/// The largest difference of two tensors' elements, relative to the larger of 1 and the largest
/// element; infinity where shapes differ, or NaN and infinities stand in different places.
package func relativeError(_ a: HostTensor, _ b: HostTensor) -> Double {
  guard a.shape == b.shape else { return .infinity }
  let left = a.doubles, right = b.doubles
  var scale = 1.0
  var worst = 0.0
  for (x, y) in zip(left, right) {
    if x.isNaN && y.isNaN || x == y { continue }
    guard x.isFinite, y.isFinite else { return .infinity }
    scale = max(scale, abs(y))
    worst = max(worst, abs(x - y))
  }
  return worst / scale
}

extension Diagnostics {
  package var hasErrors: Bool { list.contains { $0.severity == .error } }
}
