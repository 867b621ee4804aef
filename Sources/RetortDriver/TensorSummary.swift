import Foundation
import RetortTensor

/// A tensor in one line: type, range, mean, and its first elements.
package enum TensorSummary {
  package static func line(_ name: String, _ tensor: HostTensor) -> String {
    let values = tensor.doubles
    var line = "\(name): \(tensor.type)"
    guard tensor.type.element != .key, let least = values.min(), let greatest = values.max() else {
      return line
    }
    if values.count > 1 {
      let mean = values.reduce(0, +) / Double(values.count)
      line += "  min \(short(least))  mean \(short(mean))  max \(short(greatest))"
    }
    let shown = values.prefix(8).map(short).joined(separator: " ")
    return line + "  [\(shown)\(values.count > 8 ? " ..." : "")]"
  }

  /// Six significant digits.
  package static func short(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int(value)) }
    let digits = 5 - Int(log10(abs(value)).rounded(.down))
    if digits > 12 || digits < 0 { return String(format: "%.5e", value) }
    return String(format: "%.\(digits)f", value)
  }
}
