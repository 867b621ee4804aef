import Foundation
import RetortText

/// What the report's plots share: axes with round ticks, and the spelling of SVG.
enum Chart {
  /// Round numbers, 1, 2 or 5 times a power of ten apart.
  struct Scale {
    let low: Double
    let high: Double
    let ticks: [Double]
    let decimals: Int

    /// The least round range around some values, with about `count` steps, inside limits.
    init(around values: [Double], count: Int, within limits: ClosedRange<Double>? = nil) {
      var (least, greatest) = (values.min() ?? 0, values.max() ?? 1)
      if greatest - least < 1e-12 * max(1, abs(greatest)) {
        let reach = max(abs(greatest) / 10, 1e-6)
        (least, greatest) = (least - reach, greatest + reach)
      }
      let rough = (greatest - least) / Double(count)
      let power = pow(10, log10(rough).rounded(.down))
      let step = power * ([1, 2, 5].first { $0 * power >= rough * 0.999 } ?? 10)
      var first = (least / step).rounded(.down)
      var last = (greatest / step).rounded(.up)
      if let limits {
        first = max(first, (limits.lowerBound / step).rounded())
        last = min(last, (limits.upperBound / step).rounded())
      }
      low = first * step
      high = last * step
      ticks = (0...Int(max(0, last - first))).map { (first + Double($0)) * step }
      decimals = max(0, min(12, Int(-log10(step * 1.001).rounded(.down))))
    }

    func label(_ tick: Double) -> String { ReportText.fixed(tick, decimals) }

    /// Where a value lies between 0, the low end, and 1.
    func position(_ value: Double) -> Double {
      high > low ? min(1, max(0, (value - low) / (high - low))) : 0.5
    }
  }

  /// A coordinate, to a tenth of a unit.
  static func at(_ value: Double) -> String { String(format: "%.1f", value + 0) }

  static func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String
  ) -> String {
    "<line class=\"\(style)\" x1=\"\(at(x1))\" y1=\"\(at(y1))\" x2=\"\(at(x2))\" "
      + "y2=\"\(at(y2))\"/>"
  }

  static func text(
    _ text: String, _ x: Double, _ y: Double, _ style: String, anchor: String = "start"
  ) -> String {
    "<text class=\"\(style)\" x=\"\(at(x))\" y=\"\(at(y))\" text-anchor=\"\(anchor)\">"
      + "\(MarkupText.escape(text))</text>"
  }

  /// A drawing that a screen reader names.
  static func svg(
    width: Double, height: Double, title: String, style: String = "chart", _ parts: [String]
  ) -> String {
    let title = MarkupText.escape(title)
    return "<svg class=\"\(style)\" viewBox=\"0 0 \(at(width)) \(at(height))\" role=\"img\" "
      + "aria-label=\"\(title)\"><title>\(title)</title>\n"
      + parts.joined(separator: "\n") + "\n</svg>"
  }

  /// About how wide a label of the charts' type is, in the widest of common fonts.
  static func width(_ text: String) -> Double { 8 * Double(text.count) }

  /// A label of at most so many characters.
  static func cut(_ text: String, _ count: Int) -> String {
    text.count <= count ? text : text.prefix(count - 1) + "\u{2026}"
  }

  /// Places for labels that want some heights: in their order, never nearer than `gap`, as near as
  /// that allows.
  static func spread(_ wanted: [Double], gap: Double, in range: ClosedRange<Double>) -> [Double] {
    let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
    var placed = wanted
    var least = range.lowerBound
    for index in order {
      placed[index] = max(wanted[index], least)
      least = placed[index] + gap
    }
    var greatest = range.upperBound
    for index in order.reversed() {
      placed[index] = min(placed[index], greatest)
      greatest = placed[index] - gap
    }
    return placed
  }

  /// A mark whose shape tells series apart without colour.
  static func mark(_ series: Int, _ x: Double, _ y: Double) -> String {
    func polygon(_ points: [(Double, Double)]) -> String {
      let points = points.map { "\(at(x + $0.0)),\(at(y + $0.1))" }.joined(separator: " ")
      return "<polygon class=\"mark\" points=\"\(points)\"/>"
    }
    switch series % 4 {
    case 0: return "<circle class=\"mark\" cx=\"\(at(x))\" cy=\"\(at(y))\" r=\"4\"/>"
    case 1: return polygon([(-3.6, -3.6), (3.6, -3.6), (3.6, 3.6), (-3.6, 3.6)])
    case 2: return polygon([(0, -4.8), (4.6, 3.6), (-4.6, 3.6)])
    default: return polygon([(0, -5), (5, 0), (0, 5), (-5, 0)])
    }
  }
}
