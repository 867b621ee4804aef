import RetortFormats

/// Lays JSON out for people and for comparing files: keys sorted, lists of plain values on one
/// line.
enum JSONLayout {
  private static let lineLength = 100

  /// The value with a line break at its end.
  static func text(_ value: JSONValue) -> String {
    var text = ""
    write(value, indent: 0, into: &text)
    return text + "\n"
  }

  private static func write(_ value: JSONValue, indent: Int, into text: inout String) {
    let inner = "\n" + String(repeating: " ", count: indent + 2)
    let outer = "\n" + String(repeating: " ", count: indent)
    switch value {
    case .array(let values) where !values.allSatisfy(isPlain):
      for (index, value) in values.enumerated() {
        text += (index == 0 ? "[" : ",") + inner
        write(value, indent: indent + 2, into: &text)
      }
      text += outer + "]"
    case .object(let members) where !members.isEmpty:
      let members = members.sorted { $0.key < $1.key }
      if let line = line(members, room: lineLength - indent) {
        text += line
        return
      }
      for (index, member) in members.enumerated() {
        text += (index == 0 ? "{" : ",") + inner + JSONValue.string(member.key).text + ": "
        write(member.value, indent: indent + 2, into: &text)
      }
      text += outer + "}"
    default:
      text += value.text
    }
  }

  /// An object of plain values where it is short.
  private static func line(_ members: [JSONValue.Member], room: Int) -> String? {
    guard members.allSatisfy({ isPlain($0.value) }) else { return nil }
    let line =
      "{"
      + members.map { JSONValue.string($0.key).text + ": " + $0.value.text }
      .joined(separator: ", ") + "}"
    return line.utf8.count <= room ? line : nil
  }

  private static func isPlain(_ value: JSONValue) -> Bool {
    switch value {
    case .array, .object: false
    default: true
    }
  }
}
