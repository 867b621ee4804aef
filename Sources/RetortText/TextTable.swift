/// Rows of cells, printed in aligned columns.
package struct TextTable: Sendable {
  package enum Alignment: Sendable { case left, right }

  private let header: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  /// Columns default to left for the first and right for the others.
  package init(_ header: [String], alignments: [Alignment]? = nil) {
    self.header = header
    self.alignments =
      alignments ?? header.indices.map { $0 == 0 ? .left : .right }
  }

  package mutating func add(_ row: [String]) {
    precondition(row.count == header.count, "a row has one cell a column")
    rows.append(row.map { $0.visible() })
  }

  /// Aligned with spaces, a line of dashes under the header.
  package var text: String {
    let widths = columnWidths
    var lines = [line(header, widths)]
    lines.append(widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "))
    lines += rows.map { line($0, widths) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// As a Markdown table.
  package var markdown: String {
    func cells(_ row: [String]) -> String { "| " + row.joined(separator: " | ") + " |" }
    let rule = "|" + alignments.map { $0 == .left ? "---|" : "---:|" }.joined()
    return ([cells(header), rule] + rows.map(cells)).joined(separator: "\n") + "\n"
  }

  private var columnWidths: [Int] {
    header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
  }

  private func line(_ row: [String], _ widths: [Int]) -> String {
    let cells = row.indices.map { column in
      let padding = String(repeating: " ", count: widths[column] - row[column].count)
      return alignments[column] == .left ? row[column] + padding : padding + row[column]
    }
    var text = cells.joined(separator: "  ")
    while text.last == " " { text.removeLast() }
    return text
  }
}
