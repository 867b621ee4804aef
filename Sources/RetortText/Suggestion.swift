/// The nearest of the names that exist to one that does not.
package enum Suggestion {
  /// The most pairs of letters that are compared for one name, a tenth of a second's work: a text of
  /// long names and many mistakes would take minutes. They are 4,600 names of sixty letters.
  private static let comparisonLimit = 1 << 24
  /// Longer names are not compared.
  private static let lengthLimit = 199

  /// The candidate with the fewest edits (insert, delete, replace, swap neighbours), if it is near
  /// enough to be a slip: at most a third of the name's bytes, and at least one edit is allowed,
  /// but half of the longer name stays. Of equals the first counts. None where there are too many
  /// to compare.
  package static func nearest(to name: String, in candidates: some Sequence<String>) -> String? {
    let letters = Array(name.utf8)
    let limit = max(1, letters.count / 3)
    guard letters.count <= lengthLimit else { return nil }
    var comparisons = 0
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let count = candidate.utf8.count
      // As many edits as the lengths differ by are needed at least.
      guard abs(count - letters.count) <= limit, count <= lengthLimit else { continue }
      comparisons += letters.count * count
      guard comparisons <= comparisonLimit else { return nil }
      let distance = editDistance(letters, Array(candidate.utf8))
      // One letter for another says nothing of what was meant.
      guard 2 * distance <= max(letters.count, count) else { continue }
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

  private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    // The rows of the last letter but one, of the last letter, and of this one.
    var before = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    var current = before
    for i in 1...a.count {
      current[0] = i
      for j in 1...b.count {
        let cost = a[i - 1] == b[j - 1] ? 0 : 1
        var edits = min(min(previous[j], current[j - 1]) + 1, previous[j - 1] + cost)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          edits = min(edits, before[j - 2] + 1)
        }
        current[j] = edits
      }
      (before, previous, current) = (previous, current, before)
    }
    return previous[b.count]
  }
}
