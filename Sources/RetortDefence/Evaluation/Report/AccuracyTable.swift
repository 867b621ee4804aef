import RetortText

/// The headline table in HTML: arms by attacks, in each cell the share, a strip from 0 to 100 %
/// with the interval and the undefended arm's share, and what the figure rests on.
struct AccuracyTable {
  let results: EvaluationResults
  let summary: EvaluationSummary
  let tables: ReportTables

  var html: String {
    let attacks = results.mainAttacks
    let head = attacks.map { attack in
      let means =
        attack.level == .clean
        ? "no attack"
        : "\(attack.level.rawValue), \(attack.ball)"
      return "<th scope=\"col\">\(MarkupText.escape(attack.name))"
        + "<small>\(MarkupText.escape(means))</small></th>"
    }
    let rows = results.mainArms.enumerated().map { index, arm in
      let cells = attacks.map { attack in
        cell(
          summary.cell(arm.name, attack.name)?.first, arm, index,
          base: results.staticArm.flatMap { summary.cell($0.name, attack.name)?.first })
      }
      let worst = cell(
        worstCase(arm.name), arm, index, base: results.staticArm.flatMap { worstCase($0.name) },
        style: " class=\"worst\"")
      return "<tr class=\"s\(index % ReportStyle.seriesCount)\">"
        + "<th scope=\"row\">\(MarkupText.escape(arm.name))</th>\(cells.joined())\(worst)</tr>"
    }
    return
      "<h2>Accuracy</h2>\n<p class=\"note\">\(MarkupText.prose(tables.accuracyNote)) The strip "
      + "runs from 0 to 100\u{A0}%: bar, the interval; tick, the arm without defence.</p>\n"
      + "<div class=\"scroll accuracy\"><table><thead><tr><th scope=\"col\">arm</th>"
      + "\(head.joined())<th scope=\"col\" class=\"worst\">worst case"
      + "<small>over attacks</small></th>"
      + "</tr></thead><tbody>\n\(rows.joined(separator: "\n"))\n</tbody></table></div>"
  }

  private func worstCase(_ arm: String) -> EvaluationSummary.Share? {
    summary.worstCases.first { $0.arm == arm }?.result
  }

  private func cell(
    _ share: EvaluationSummary.Share?, _ arm: EvaluationResults.Arm, _ index: Int,
    base: EvaluationSummary.Share?, style: String = ""
  ) -> String {
    guard let share else { return "<td\(style)>\u{2013}</td>" }
    func line(_ low: Double, _ high: Double, _ y: (Int, Int), _ style: String) -> String {
      "<line class=\"\(style)\" x1=\"\(Chart.at(low * 100))\" y1=\"\(y.0)\" "
        + "x2=\"\(Chart.at(high * 100))\" y2=\"\(y.1)\"/>"
    }
    let tick = base.map { line($0.share, $0.share, (0, 8), "base") } ?? ""
    let steps = arm.steps.map { " \u{00B7} K \(MarkupText.escape($0))" } ?? ""
    return "<td\(style)><b>\(ReportText.percent(share.share))</b>"
      + "<svg class=\"strip\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" "
      + "aria-hidden=\"true\">"
      + line(0, 1, (4, 4), "rail") + line(share.interval.low, share.interval.high, (4, 4), "reach")
      + tick + "</svg><small>\(ReportText.percent(share.interval))</small>"
      + "<small>n \(share.images)\(steps)</small></td>"
  }
}
