import Foundation
import RetortFormats

/// Numbers as reports print them; the same in every locale.
package enum ReportText {
  /// With so many decimals and a true minus sign.
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    let text = String(format: "%.\(decimals)f", abs(value))
    let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
    return (value < 0 && !isZero ? "\u{2212}" : "") + text
  }

  /// A share in per cent, without the sign: `63.4`.
  package static func percent(_ share: Double) -> String { fixed(share * 100, 1) }

  package static func percent(_ interval: Interval) -> String {
    "\(percent(interval.low))\u{2013}\(percent(interval.high))"
  }

  /// A difference of shares in percentage points: `−1.3`.
  package static func points(_ difference: Double) -> String { fixed(difference * 100, 1) }

  package static func points(_ interval: Interval) -> String {
    "\(points(interval.low)) to \(points(interval.high))"
  }

  /// `0.036`, `0.00041`, `< 0.0001`.
  package static func p(_ value: Double) -> String {
    if value < 0.0001 { return "< 0.0001" }
    return value < 0.01 ? String(format: "%.2g", value) : fixed(value, 3)
  }

  /// Three significant digits, or all before the decimal point.
  package static func short(_ value: Double) -> String {
    let size = abs(value)
    if size == 0 { return "0" }
    if size < 0.001 || size >= 1e6 { return String(format: "%.2e", value) }
    return fixed(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4)
  }

  /// A radius in pixel values: `8/255` where it is one.
  package static func radius(_ value: Double) -> String {
    let levels = value * 255
    return value > 0 && value <= 1 && abs(levels - levels.rounded()) < 1e-6
      ? "\(Int(levels.rounded()))/255" : String(format: "%.6g", value)
  }

  /// `a, b and c`.
  package static func list(_ items: [String]) -> String {
    guard let last = items.last else { return "" }
    return items.count == 1 ? last : items.dropLast().joined(separator: ", ") + " and " + last
  }

  /// Settings in the order of their names: `steps=40, views=4`.
  package static func settings(_ settings: [String: String]) -> String {
    settings.keys.sorted().map { "\($0)=\(settings[$0]!)" }.joined(separator: ", ")
  }

  /// A name from a file as a sentence shows it: in quotes, escaped, cut after 80 characters.
  package static func quoted(_ name: String) -> String {
    JSONValue.string(String(name.prefix(80)) + (name.count > 80 ? "..." : "")).text
  }
}

extension EvaluationResults.Attack {
  /// The recipe's settings, and the graph's own steps where it leaves them out.
  var settingsInForce: [String: String] {
    guard let walk else { return settings }
    let steps = ["steps": String(walk.steps), "step_size": ReportText.radius(walk.stepSize)]
    return settings.merging(steps) { given, _ in given }
  }

  /// What its points are held to: `linf 8/255`.
  var ball: String { "\(norm.rawValue) \(ReportText.radius(epsilon))" }
}
