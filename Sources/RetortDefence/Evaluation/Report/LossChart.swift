/// One task's loss on several sets of points, as bars of quantiles under one another: readable with
/// many sets, where overlaid densities would hide each other.
struct LossChart {
  private static let width = 760.0
  private static let rowHeight = 34.0
  private static let top = 8.0
  private static let bottom = 46.0
  private static let labelLimit = 34

  let task: String
  let samples: [EvaluationResults.LossSample]
  let gaps: [EvaluationSummary.LossGap]
  /// The images themselves.
  let cleanPoints: EvaluationResults.LossPoints

  /// The value below which a share of sorted values lies, interpolated between neighbours.
  static func quantile(_ share: Double, of sorted: [Double]) -> Double {
    let place = share * Double(sorted.count - 1)
    let index = Int(place)
    guard index + 1 < sorted.count else { return sorted[sorted.count - 1] }
    return sorted[index] + (place - Double(index)) * (sorted[index + 1] - sorted[index])
  }

  var svg: String {
    let rows = samples.filter { !$0.values.isEmpty }.map { sample in
      let sorted = sample.values.sorted()
      return (sample, [0.05, 0.25, 0.5, 0.75, 0.95].map { Self.quantile($0, of: sorted) })
    }
    let labels = rows.map { Chart.cut($0.0.points.name, Self.labelLimit) }
    let left = 16 + (labels.map(Chart.width).max() ?? 0)
    let right = 148.0
    let base = Self.top + Self.rowHeight * Double(rows.count)
    let scale = Chart.Scale(around: rows.flatMap(\.1), count: 6)
    func x(_ value: Double) -> Double {
      left + scale.position(value) * (Self.width - left - right)
    }
    var parts = scale.ticks.flatMap { tick in
      [
        Chart.line(x(tick), Self.top, x(tick), base, "grid"),
        Chart.text(scale.label(tick), x(tick), base + 17, "tick", anchor: "middle"),
      ]
    }
    parts.append(Chart.line(left, base, Self.width - right, base, "axis"))
    parts.append(
      Chart.text(
        "\(task) loss", (left + Self.width - right) / 2, base + 38, "label", anchor: "middle"))
    for (index, row) in rows.enumerated() {
      let middle = Self.top + Self.rowHeight * (Double(index) + 0.5)
      parts.append(Chart.text(labels[index], left - 10, middle + 4, "name plain", anchor: "end"))
      parts.append(bar(row.1.map(x), middle, kind(row.0.points)))
      if let gap = gaps.first(where: { $0.points == row.0.points }) {
        let sign = gap.meanGap > 0 ? "+" : ""
        let text =
          "\(sign)\(ReportText.short(gap.meanGap)), "
          + "\(ReportText.fixed(gap.higher * 100, 0)) % higher"
        parts.append(Chart.text(text, Self.width - right + 12, middle + 4, "tick"))
      }
    }
    let names = ReportText.list(rows.map(\.0.points.name))
    return Chart.svg(
      width: Self.width, height: base + Self.bottom,
      title: "Distribution of the \(task) loss on \(names)", parts)
  }

  /// Clean, attacked or purified points, each of one colour.
  private func kind(_ points: EvaluationResults.LossPoints) -> String {
    switch points {
    case .attack: points == cleanPoints ? "clean" : "attacked"
    case .purified: "purified"
    }
  }

  private func bar(_ x: [Double], _ middle: Double, _ kind: String) -> String {
    func box(_ low: Double, _ high: Double, _ height: Double, _ style: String) -> String {
      "<rect class=\"\(style)\" x=\"\(Chart.at(low))\" y=\"\(Chart.at(middle - height / 2))\" "
        + "width=\"\(Chart.at(max(high - low, 1)))\" height=\"\(Chart.at(height))\" rx=\"2\"/>"
    }
    return "<g class=\"series \(kind)\">" + box(x[0], x[4], 8, "outer")
      + box(x[1], x[3], 16, "inner")
      + Chart.line(x[2], middle - 8, x[2], middle + 8, "median") + "</g>"
  }
}
