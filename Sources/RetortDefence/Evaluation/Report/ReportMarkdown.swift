import RetortText

/// The report as Markdown: all tables, no pictures.
package enum ReportMarkdown {
  /// - Precondition: `results.validate()` throws nothing.
  package static func text(_ results: EvaluationResults) -> String {
    let summary = EvaluationSummary(results)
    let tables = ReportTables(results: results, summary: summary)
    var parts = ["# Evaluation of \(escape(results.backbone)) on \(escape(results.data.name))"]
    if !results.about.isEmpty { parts.append(escape(results.about)) }
    if !results.dataNote.isEmpty { parts.append("> " + escape(results.dataNote)) }
    for table in [tables.accuracy, tables.worstCases, tables.tests] {
      parts += section(table, level: 2)
    }
    parts.append("## Checks")
    parts.append(
      EvaluationChecks.all(results, summary).map {
        "- **\(escape($0.name))**, \($0.outcome.rawValue): \(escape($0.sentence))"
      }.joined(separator: "\n"))
    parts += section(tables.seeds, level: 2)
    for sweep in results.sweeps { parts += section(tables.sweep(sweep), level: 2) }
    parts += section(tables.lossGaps, level: 2)
    parts.append("## To repeat it")
    parts.append(
      tables.conditions.map { "- \($0.name): \(escape($0.value))" }.joined(separator: "\n"))
    for table in [tables.sources, tables.arms, tables.attacks, tables.points] {
      parts += section(table, level: 3)
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  /// The tables that a person looks at first, and every check that did not pass.
  package static func headline(_ results: EvaluationResults) -> String {
    let summary = EvaluationSummary(results)
    let tables = ReportTables(results: results, summary: summary)
    let parts = [tables.accuracy, tables.tests].flatMap { section($0, level: 2) }
    let checks = EvaluationChecks.all(results, summary).filter { $0.outcome != .passed }
      .map { "\($0.outcome.rawValue): \($0.name): \($0.sentence)".visible() }
    return (parts + checks).joined(separator: "\n\n")
  }

  private static func section(_ table: ReportTable, level: Int) -> [String] {
    guard !table.rows.isEmpty else { return [] }
    var text = TextTable(
      table.columns.map { escape($0.name) },
      alignments: table.columns.map { $0.kind == .number ? .right : .left })
    for row in table.rows { text.add(row.map(escape)) }
    let title = String(repeating: "#", count: level) + " " + escape(table.title)
    var markdown = text.markdown
    markdown.removeLast()
    return [title] + (table.note.isEmpty ? [] : [escape(table.note)]) + [markdown]
  }

  /// Text that Markdown shows as it is: its signs escaped, control characters as spaces.
  private static func escape(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      if scalar.isControl { return " " }
      return "\\`*_[]<>|#~&".unicodeScalars.contains(scalar) ? "\\\(scalar)" : String(scalar)
    }.joined()
  }
}
