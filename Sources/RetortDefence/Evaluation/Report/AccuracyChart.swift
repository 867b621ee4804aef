import Foundation

/// A sweep's accuracy curves with Wilson's 95 % intervals.
struct AccuracyChart {
  private static let width = 760.0
  private static let height = 380.0
  private static let top = 14.0
  private static let left = 56.0
  private static let bottom = 52.0
  private static let nameLimit = 26
  /// Values that span more than this are drawn on a logarithmic axis.
  private static let logarithmicFrom = 7.9

  let sweep: EvaluationResults.Sweep
  let results: EvaluationResults

  private var isLogarithmic: Bool {
    guard let least = sweep.values.min(), let greatest = sweep.values.max(), least > 0 else {
      return false
    }
    return greatest / least > Self.logarithmicFrom
  }

  /// Room for the longest name.
  private var right: Double {
    26 + (sweep.curves.map { Chart.width(Chart.cut($0.name, Self.nameLimit)) }.max() ?? 0)
  }

  var svg: String {
    let images = results.imageCount(of: sweep)
    let shares = sweep.curves.map { curve in
      curve.cells.map { results.share($0, first: images) }
    }
    let ends = shares.joined().compactMap { $0 }
      .flatMap { [$0.interval.low * 100, $0.interval.high * 100] }
    let scale = Chart.Scale(around: ends, count: 6, within: 0...100)
    let curves = sweep.curves.indices.filter { shares[$0].contains { $0 != nil } }
    var parts = grid(scale)
    var labels: [(series: Int, name: String, x: Double, y: Double)] = []
    for (place, index) in curves.enumerated() {
      let series = self.series(sweep.curves[index].name, index)
      let shift = (Double(place) - Double(curves.count - 1) / 2) * 5
      let points = zip(sweep.values, shares[index]).compactMap { value, share in
        share.map { (x: x(value) + shift, share: $0) }
      }.sorted { $0.x < $1.x }
      parts.append(curve(points, series, scale))
      if let last = points.last {
        labels.append(
          (series, sweep.curves[index].name, last.x, y(last.share.share * 100, scale)))
      }
    }
    parts += self.labels(labels)
    let names = ReportText.list(curves.map { sweep.curves[$0].name })
    return Chart.svg(
      width: Self.width, height: Self.height,
      title: "Accuracy over \(sweep.axis) of \(names), with 95 % intervals", parts)
  }

  /// A curve's colour and mark: its arm's place in the main table, so that an arm looks alike in
  /// all plots.
  private func series(_ name: String, _ index: Int) -> Int {
    results.mainArms.firstIndex { $0.name == name } ?? results.mainArms.count + index
  }

  private func x(_ value: Double) -> Double {
    let place = isLogarithmic ? { log($0) } : { (value: Double) in value }
    let (low, high) = (place(sweep.values.min() ?? 0), place(sweep.values.max() ?? 1))
    let share = high > low ? (place(value) - low) / (high - low) : 0.5
    return Self.left + 18 + share * (Self.width - Self.left - right - 36)
  }

  private func y(_ percent: Double, _ scale: Chart.Scale) -> Double {
    Self.height - Self.bottom - scale.position(percent) * (Self.height - Self.bottom - Self.top)
  }

  private func grid(_ scale: Chart.Scale) -> [String] {
    let (end, base) = (Self.width - right, Self.height - Self.bottom)
    var parts = scale.ticks.flatMap { tick in
      [
        Chart.line(Self.left, y(tick, scale), end, y(tick, scale), tick == 0 ? "axis" : "grid"),
        Chart.text(
          scale.label(tick), Self.left - 8, y(tick, scale) + 4, "tick", anchor: "end"),
      ]
    }
    parts.append(Chart.line(Self.left, base, end, base, "axis"))
    var free = -Double.infinity
    for (tick, value) in zip(sweep.ticks, sweep.values).sorted(by: { $0.1 < $1.1 }) {
      parts.append(Chart.line(x(value), base, x(value), base + 5, "axis"))
      let reach = Chart.width(tick) / 2
      guard x(value) - reach > free else { continue }
      free = x(value) + reach + 6
      parts.append(Chart.text(tick, x(value), base + 19, "tick", anchor: "middle"))
    }
    let axis = sweep.axis + (isLogarithmic ? " (logarithmic)" : "")
    parts.append(
      Chart.text(axis, (Self.left + end) / 2, base + 41, "label", anchor: "middle"))
    let middle = (Self.top + base) / 2
    parts.append(
      "<text class=\"label\" transform=\"translate(14 \(Chart.at(middle))) rotate(-90)\" "
        + "text-anchor=\"middle\">right, %</text>")
    return parts
  }

  private func curve(
    _ points: [(x: Double, share: EvaluationSummary.Share)], _ series: Int, _ scale: Chart.Scale
  ) -> String {
    var parts: [String] = []
    for point in points {
      let (low, high) = (
        y(point.share.interval.low * 100, scale), y(point.share.interval.high * 100, scale)
      )
      parts.append(Chart.line(point.x, low, point.x, high, "whisker"))
      for end in [low, high] {
        parts.append(Chart.line(point.x - 3, end, point.x + 3, end, "whisker"))
      }
    }
    let path = points.map { "\(Chart.at($0.x)),\(Chart.at(y($0.share.share * 100, scale)))" }
    parts.append("<polyline class=\"curve\" points=\"\(path.joined(separator: " "))\"/>")
    parts += points.map { Chart.mark(series, $0.x, y($0.share.share * 100, scale)) }
    return "<g class=\"series s\(series % ReportStyle.seriesCount)\">\(parts.joined())</g>"
  }

  /// Names beside the last points, moved apart where they would overlap.
  private func labels(
    _ labels: [(series: Int, name: String, x: Double, y: Double)]
  ) -> [String] {
    let places = Chart.spread(
      labels.map(\.y), gap: 16, in: Self.top + 6...Self.height - Self.bottom)
    return zip(labels, places).map { label, place in
      let start = Self.width - right + 4
      return "<g class=\"series s\(label.series % ReportStyle.seriesCount)\">"
        + Chart.line(label.x + 7, label.y, start, place, "leader")
        + Chart.text(Chart.cut(label.name, Self.nameLimit), start + 4, place + 4, "name") + "</g>"
    }
  }
}
