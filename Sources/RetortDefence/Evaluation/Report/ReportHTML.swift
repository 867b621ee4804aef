import RetortText

/// The report as one HTML file that needs nothing else: no scripts, no fonts, pictures inside.
package struct ReportHTML {
  private let results: EvaluationResults
  private let summary: EvaluationSummary
  private let tables: ReportTables
  private let checks: [EvaluationCheck]

  /// - Precondition: `results.validate()` throws nothing.
  package static func text(_ results: EvaluationResults) -> String {
    ReportHTML(results).page
  }

  private init(_ results: EvaluationResults) {
    self.results = results
    summary = EvaluationSummary(results)
    tables = ReportTables(results: results, summary: summary)
    checks = EvaluationChecks.all(results, summary)
  }

  private var page: String {
    let title = "Evaluation of \(results.backbone) on \(results.data.name)"
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
      style-src 'unsafe-inline'">
      <title>\(MarkupText.escape(title))</title>
      <style>
      \(ReportStyle.text)
      </style>
      </head>
      <body>
      <main>
      <h1>\(MarkupText.escape(title))</h1>
      \(sections.filter { !$0.isEmpty }.joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  private var sections: [String] {
    [
      paragraph(results.about, "lead"), paragraph(results.dataNote, "callout"), facts,
      AccuracyTable(results: results, summary: summary, tables: tables).html,
      section(tables.worstCases), section(tables.tests), checkList, section(tables.seeds),
      curves, losses, gallery, conditions, section(tables.sources, level: 3),
      section(tables.arms, level: 3), section(tables.attacks, level: 3),
      section(tables.points, level: 3),
    ]
  }

  private func paragraph(_ text: String, _ style: String) -> String {
    text.isEmpty ? "" : "<p class=\"\(style)\">\(MarkupText.prose(text))</p>"
  }

  private var facts: String {
    func fact(_ value: Int, _ noun: String) -> String {
      "<li><b>\(value)</b><span>\(noun)</span></li>"
    }
    let outcomes = checks.map(\.outcome)
    let items = [
      fact(results.labels.count, "images"), fact(results.mainArms.count, "arms"),
      fact(results.mainAttacks.count, "sets of points"), fact(results.seeds.count, "seeds"),
      fact(outcomes.count { $0 == .passed }, "checks passed"),
      fact(outcomes.count { $0 == .warning }, "warnings"),
      fact(outcomes.count { $0 == .cannotTell }, "cannot tell"),
    ]
    return "<ul class=\"facts\">\(items.joined())</ul>"
  }

  private func section(_ table: ReportTable, level: Int = 2) -> String {
    guard !table.rows.isEmpty else { return "" }
    return "<h\(level)>\(MarkupText.escape(table.title))</h\(level)>\n"
      + paragraph(table.note, "note") + Self.html(table)
  }

  private static func html(_ table: ReportTable) -> String {
    func style(_ kind: ReportTable.Kind, _ text: String) -> String {
      switch kind {
      case .number: " class=\"num\""
      case .code: text.count == 64 ? " class=\"code sum\"" : " class=\"code\""
      case .text: text.count > 40 ? " class=\"words\"" : text.count <= 20 ? " class=\"short\"" : ""
      }
    }
    let head = table.columns.map { column in
      "<th scope=\"col\"\(column.kind == .number ? " class=\"num\"" : "")>"
        + "\(MarkupText.escape(column.name))</th>"
    }
    let rows = table.rows.map { row in
      "<tr>"
        + zip(table.columns, row).map { column, text in
          let inner = MarkupText.escape(text)
          return "<td\(style(column.kind, text))>"
            + (column.kind == .code ? "<code>\(inner)</code>" : inner) + "</td>"
        }.joined() + "</tr>"
    }
    return "<div class=\"scroll\"><table><thead><tr>\(head.joined())</tr></thead><tbody>\n"
      + rows.joined(separator: "\n") + "\n</tbody></table></div>"
  }

  private var checkList: String {
    let items = checks.map { check in
      let (style, sign) =
        switch check.outcome {
        case .passed: ("good", "\u{2713}")
        case .warning: ("warn", "\u{26A0}\u{FE0E}")
        case .cannotTell: ("unknown", "?")
        }
      return "<li><span class=\"state \(style)\">\(sign) \(check.outcome.rawValue)</span>"
        + "<b>\(MarkupText.escape(check.name))</b>"
        + "<p>\(MarkupText.prose(check.sentence))</p></li>"
    }
    return
      "<h2>Checks</h2>\n<p class=\"note\">What commonly makes such an evaluation wrong, looked "
      + "for in these results.</p>\n<ul class=\"checks\">\(items.joined(separator: "\n"))</ul>"
  }

  private func figure(_ svg: String, _ caption: String) -> String {
    "<figure><div class=\"scroll\">\(svg)</div><figcaption>\(caption)</figcaption></figure>"
  }

  private var curves: String {
    let figures = results.sweeps.map { sweep in
      let chart = AccuracyChart(sweep: sweep, results: results)
      return "<h3>\(MarkupText.escape(sweep.name))</h3>\n"
        + figure(
          chart.svg,
          "Images answered right, with Wilson\u{2019}s 95 % intervals; n = "
            + "\(results.imageCount(of: sweep)). Curves are set slightly apart.")
        + Self.html(tables.sweep(sweep))
    }
    return figures.isEmpty ? "" : "<h2>Accuracy curves</h2>\n" + figures.joined(separator: "\n")
  }

  private var losses: String {
    var tasks: [String] = []
    for sample in results.losses where !tasks.contains(sample.task) { tasks.append(sample.task) }
    guard !tasks.isEmpty else { return "" }
    let figures = tasks.map { task in
      let samples = results.losses.filter { $0.task == task }
      let images = Set(samples.map(\.values.count)).sorted().map(String.init)
      let gaps = summary.lossGaps.filter { $0.task == task }
      return "<h3>\(MarkupText.escape(task))</h3>\n"
        + figure(
          LossChart(
            task: task, samples: samples, gaps: gaps, cleanPoints: results.cleanPoints
          ).svg,
          "Light: 5 to 95 % of the images, dark: 25 to 75 %, line: median; n = "
            + "\(images.joined(separator: ", ")). At the right the mean difference from clean, and "
            + "the share of images whose loss is higher.")
    }
    let key = ["clean", "attacked", "purified"].map {
      "<span class=\"key \($0)\"><i></i>\($0)</span>"
    }
    return "<h2>Losses</h2>\n" + paragraph(tables.lossGaps.note, "note")
      + "<p>\(key.joined())</p>\n"
      + figures.joined(separator: "\n") + Self.html(tables.lossGaps)
  }

  private func className(_ number: Int) -> String {
    results.classNames.indices.contains(number) ? results.classNames[number] : String(number)
  }

  private var gallery: String {
    guard !results.gallery.isEmpty else { return "" }
    let rows = results.gallery.map { row in
      let panels = row.panels.map { panel in
        let caption = MarkupText.escape(panel.caption)
        let answer = panel.answer.map { answer in
          let isRight = answer == row.label
          return
            "<br><span class=\"\(isRight ? "good" : "bad")\">\(isRight ? "\u{2713}" : "\u{2717}") "
            + "\(MarkupText.escape(className(answer)))</span>"
        }
        return "<figure><img src=\"data:image/png;base64,\(MarkupText.escape(panel.png))\" "
          + "alt=\"image \(row.image), \(caption)\">"
          + "<figcaption>\(caption)\(answer ?? "")</figcaption></figure>"
      }
      return "<div class=\"row\"><p>Image \(row.image): "
        + "\(MarkupText.escape(className(row.label)))</p>\(panels.joined(separator: "\n"))</div>"
    }
    return "<h2>Gallery</h2>\n<div class=\"gallery\">\(rows.joined(separator: "\n"))</div>"
  }

  private var conditions: String {
    let items = tables.conditions.map {
      "<dt>\(MarkupText.escape($0.name))</dt><dd>\(MarkupText.escape($0.value))</dd>"
    }
    return
      "<h2>To repeat it</h2>\n<p class=\"note\">The same program, recipe, data and weights give "
      + "the same bytes, for any number of threads and shards.</p>\n<dl>\(items.joined())</dl>"
  }
}
