/// Gives names out once: a name that is taken gets a number behind it.
struct UniqueNames {
  private var taken: Set<String> = []
  /// The number that a name gets next, so that many of one name do not count from 1 each time.
  private var next: [String: Int] = [:]

  mutating func claim(_ name: String) -> String {
    if taken.insert(name).inserted { return name }
    var number = next[name] ?? 1
    while !taken.insert("\(name)_\(number)").inserted { number += 1 }
    next[name] = number + 1
    return "\(name)_\(number)"
  }
}
