/// A table of a report, before it becomes Markdown or HTML. Cells are plain text.
struct ReportTable {
  enum Kind { case text, number, code }

  let title: String
  /// What the figures are.
  let note: String
  let columns: [(name: String, kind: Kind)]
  var rows: [[String]] = []

  init(_ title: String, note: String = "", _ columns: [(String, Kind)]) {
    self.title = title
    self.note = note
    self.columns = columns.map { (name: $0.0, kind: $0.1) }
  }

  mutating func add(_ row: [String]) {
    precondition(row.count == columns.count, "a row has one cell a column")
    rows.append(row)
  }
}
