internal import RetortAPI
internal import RetortText

extension Model.Options {
  private static let names = [
    "entry", "set", "weights", "backend", "threads", "graphs", "memory-limit", "exact",
  ]

  /// Options as `retort_load` takes them, a NULL at the end.
  /// - Throws: `Misuse` for one that is not known or whose value cannot be read.
  init(_ words: UnsafePointer<UnsafePointer<CChar>?>?) throws {
    self.init()
    guard var next = words else { return }
    while let word = next.pointee {
      try take(String(cString: word))
      next += 1
    }
  }

  private mutating func take(_ word: String) throws {
    let (name, value) = try Self.pair(word, "options are NAME=VALUE")
    switch name {
    case "entry": entry = value
    case "set":
      let (setting, text) = try Self.pair(value, "'set' takes NAME=VALUE")
      if let other = settings.updateValue(text, forKey: setting) {
        throw Misuse("'set' gives '\(setting)' twice: \(other) and \(text)")
      }
    case "weights": weightFiles.append(value)
    case "graphs": library = value
    case "threads": threadCount = try Self.number(name, value)
    case "memory-limit": memoryLimit = try Self.number(name, value)
    case "backend":
      guard let choice = Backend(rawValue: value) else {
        let names = Backend.allCases.map(\.rawValue).joined(separator: ", ")
        throw Misuse("'backend' takes one of \(names), got '\(value)'")
      }
      backend = choice
    case "exact":
      guard let choice = Bool(value) else {
        throw Misuse("'exact' takes true or false, got '\(value)'")
      }
      isExact = choice
    default:
      throw Misuse(
        "there is no option '\(name)'", hint: Suggestion.hint(for: name, in: Self.names))
    }
  }

  private static func pair(_ text: String, _ rule: String) throws -> (String, String) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw Misuse("\(rule), got '\(text)'")
    }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }

  private static func number(_ name: String, _ text: String) throws -> Int {
    guard let number = Int(text), number > 0 else {
      throw Misuse("'\(name)' takes a whole number above 0, got '\(text)'")
    }
    return number
  }
}
