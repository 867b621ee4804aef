/// The nearest of the names that exist to one that does not.
package enum Suggestion {
  /// The candidate with the fewest edits (insert, delete, replace, swap neighbours), if it is near
  /// enough to be a slip: at most a third of the name's length, and at least one edit is allowed,
  /// but half of the longer name stays. Of equals the first counts.
  package static func nearest(to name: String, in candidates: some Sequence<String>) -> String? {
    let limit = max(1, name.count / 3)
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let distance = editDistance(Array(name.utf8), Array(candidate.utf8))
      // One letter for another says nothing of what was meant.
      guard 2 * distance <= max(name.utf8.count, candidate.utf8.count) else { continue }
      if distance <= limit, distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.name
  }

  /// "'name' is unknown" continued by what to do: the nearest name, or the whole list if it is short.
  package static func hint(for name: String, in candidates: [String]) -> String? {
    if let nearest = nearest(to: name, in: candidates) { return "did you mean '\(nearest)'?" }
    guard !candidates.isEmpty, candidates.count <= 12 else { return nil }
    return "known here: " + candidates.joined(separator: ", ")
  }

  static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    guard !a.isEmpty, !b.isEmpty, a.count < 200, b.count < 200 else { return max(a.count, b.count) }
    var before = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    for i in 1...a.count {
      var current = [i] + [Int](repeating: 0, count: b.count)
      for j in 1...b.count {
        let cost = a[i - 1] == b[j - 1] ? 0 : 1
        current[j] = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          current[j] = min(current[j], before[j - 2] + 1)
        }
      }
      before = previous
      previous = current
    }
    return previous[b.count]
  }
}
