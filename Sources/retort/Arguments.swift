import RetortRuntime
import RetortText

/// An option that a command takes.
struct Option: Sendable {
  let name: String
  /// What stands for the value in the help, `NAME=VALUE`; nil for a switch.
  let placeholder: String?
  let isRepeatable: Bool
  /// Whether the command does nothing without it: the usage line has it without brackets.
  let isRequired: Bool
  let help: String

  init(
    _ name: String, _ placeholder: String?, repeats: Bool = false, required: Bool = false,
    _ help: String
  ) {
    self.name = name
    self.placeholder = placeholder
    isRepeatable = repeats
    isRequired = required
    self.help = help
  }

  /// An option without a value.
  init(switch name: String, _ help: String) {
    self.init(name, nil, help)
  }
}

/// A wrong command line: exit code 64.
struct UsageError: Error {
  let message: String
}

/// The words of one command, sorted into positional arguments and options.
struct Arguments: Sendable {
  private(set) var positionals: [String] = []
  private var values: [String: [String]] = [:]

  /// Options are `--name VALUE` or `--name=VALUE`; `--` ends them; a single `-` is a positional.
  init(_ words: [String], positionalCount: ClosedRange<Int>, options: [Option]) throws {
    let table = Dictionary(uniqueKeysWithValues: options.map { ($0.name, $0) })
    var rest = words[...]
    var onlyPositionals = false
    while let word = rest.popFirst() {
      if onlyPositionals || !word.hasPrefix("-") || word == "-" {
        positionals.append(word)
        continue
      }
      if word == "--" {
        onlyPositionals = true
        continue
      }
      try take(word, &rest, table, options.map(\.name))
    }
    if positionals.count < positionalCount.lowerBound {
      throw UsageError(message: "an argument is missing")
    }
    if positionals.count > positionalCount.upperBound {
      throw UsageError(
        message: "'\(positionals[positionalCount.upperBound])' is one argument too many")
    }
  }

  private mutating func take(
    _ word: String, _ rest: inout ArraySlice<String>, _ table: [String: Option], _ names: [String]
  ) throws {
    let name: String
    var value: String?
    let equals = word.firstIndex(of: "=")
    if let equals, table[word] == nil {
      name = String(word[..<equals])
      value = String(word[word.index(after: equals)...])
    } else {
      name = word
    }
    guard let option = table[name] else {
      let nearest = Suggestion.nearest(to: name, in: names).map { "; did you mean '\($0)'?" } ?? ""
      throw UsageError(message: "'\(name)' is not an option here\(nearest)")
    }
    if option.placeholder == nil {
      if value != nil { throw UsageError(message: "'\(name)' takes no value") }
      values[name] = [""]
      return
    }
    if value == nil { value = rest.popFirst() }
    guard let value, !value.isEmpty else {
      throw UsageError(message: "'\(name)' needs a value: \(name) \(option.placeholder!)")
    }
    if !option.isRepeatable, values[name] != nil {
      throw UsageError(message: "'\(name)' is given twice")
    }
    values[name, default: []].append(value)
  }

  /// The options that are given, sorted.
  var optionNames: [String] { values.keys.sorted() }

  func has(_ name: String) -> Bool { values[name] != nil }
  func all(_ name: String) -> [String] { values[name] ?? [] }
  subscript(name: String) -> String? { values[name]?.last }

  /// A whole number of 1 or more, and of at most `limit`.
  func count(_ name: String, limit: Int = .max) throws -> Int? {
    try self[name].map { try Self.count($0, of: name, limit: limit) }
  }

  /// The same of an option that may be given several times.
  func counts(_ name: String, limit: Int = .max) throws -> [Int] {
    try all(name).map { try Self.count($0, of: name, limit: limit) }
  }

  private static func count(_ text: String, of name: String, limit: Int) throws -> Int {
    guard let number = Int(text), (1...limit).contains(number) else {
      let bounds = limit == .max ? "of at least 1" : "from 1 to \(limit)"
      throw UsageError(message: "'\(name)' takes a whole number \(bounds), got '\(text)'")
    }
    return number
  }

  /// `--threads`, which nobody needs more of than a large machine has processors.
  func threadCount() throws -> Int? { try count("--threads", limit: ThreadPool.threadLimit) }

  /// A number of bytes, `64M`: with `k`, `M` or `G` in units of 1024, 1024² or 1024³.
  func byteCount(_ name: String) throws -> Int? {
    guard let text = self[name] else { return nil }
    let shift = ["k": 10, "M": 20, "G": 30][text.suffix(1)]
    let digits = shift == nil ? text[...] : text.dropLast()
    guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits), number > 0,
      number <= Int.max >> 31
    else {
      throw UsageError(
        message: "'\(name)' takes a number of bytes above 0, with k, M or G if wanted, "
          + "got '\(text)'")
    }
    return number << (shift ?? 0)
  }

  /// `NAME=VALUE` words as pairs, in order.
  func pairs(_ name: String) throws -> [(name: String, value: String)] {
    try all(name).map { text in
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw UsageError(message: "'\(name)' takes NAME=VALUE, got '\(text)'")
      }
      return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
  }

  /// One of a closed list of words.
  func choice<C: CaseIterable & RawRepresentable>(
    _ name: String, _ type: C.Type
  ) throws -> C? where C.RawValue == String {
    guard let text = self[name] else { return nil }
    guard let choice = C(rawValue: text) else {
      let names = C.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError(message: "'\(name)' takes one of \(names), got '\(text)'")
    }
    return choice
  }
}
