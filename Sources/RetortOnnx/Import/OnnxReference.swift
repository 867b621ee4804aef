import RetortText

/// What the table of operators says, for the documentation.
package enum OnnxReference {
  package static var names: [String] { OnnxOperator.byName.keys.sorted() }

  /// The operators that are imported, a table a family.
  package static var markdown: String {
    let opsets = OnnxOperators.importedOpsets
    let count = OnnxOperator.byName.count
    var text =
      "Opsets \(opsets.lowerBound) to \(opsets.upperBound), \(count) operators. Element types are"
      + " those of the operation that a node becomes:\n"
      + "float16 and bfloat16 are computed as float32, 8- and 16-bit integers as int32.\n"
    for (title, operators) in OnnxOperator.families {
      var table = TextTable(["operator", "since", "limits"], alignments: [.left, .right, .left])
      for entry in operators {
        table.add([
          "`\(entry.name)`", entry.since > opsets.lowerBound ? "\(entry.since)" : "",
          entry.limits,
        ])
      }
      text += "\n### \(title)\n\n" + table.markdown
    }
    return text
  }
}
