/// Gives names out once.
package struct NameTable {
  private let separator: Character
  private var taken: Set<String>
  /// The number that a stem gets next, so that many of one name do not count from 1 each time.
  private var next: [String: Int] = [:]

  /// - Parameters:
  ///   - taken: names that it does not give out.
  ///   - separator: what stands between a name and its number.
  package init(taken: some Sequence<String> = [String](), separator: Character = "_") {
    self.taken = Set(taken)
    self.separator = separator
  }

  /// The name itself if it is free, else with the first number behind it that is.
  package mutating func claim(_ name: String) -> String { claim(name, stem: name) }

  /// The same for a value of the language, which no keyword can name. A name that ends in a number
  /// already counts on from its stem, so that copies of copies stay short: `relu_3` gives `relu_4`.
  package mutating func claim(value name: String) -> String {
    let name = Keyword.avoiding(name)
    return claim(name, stem: Self.stem(of: name))
  }

  private mutating func claim(_ name: String, stem: @autoclosure () -> String) -> String {
    if taken.insert(name).inserted { return name }
    let stem = stem()
    var number = next[stem] ?? 1
    while !taken.insert("\(stem)\(separator)\(number)").inserted { number += 1 }
    next[stem] = number + 1
    return "\(stem)\(separator)\(number)"
  }

  /// `relu_3` → `relu`
  private static func stem(of name: String) -> String {
    guard let underscore = name.lastIndex(of: "_"), underscore > name.startIndex else {
      return name
    }
    let digits = name[name.index(after: underscore)...]
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return name }
    return String(name[..<underscore])
  }
}
