/// The order of names in which runs of digits count as numbers: `a-2` stands before `a-10`.
///
/// Everything else is compared byte by byte, and names that differ in leading zeros alone as well.
enum NaturalOrder {
  static func precedes(_ name: String, _ other: String) -> Bool {
    let (left, right) = (Array(name.utf8), Array(other.utf8))
    var (i, j) = (0, 0)
    while i < left.count, j < right.count {
      let (first, second) = (number(left, &i), number(right, &j))
      if first.isEmpty || second.isEmpty {
        // A digit is equal to no byte that is none, so both go on in step.
        let (a, b) = (first.first ?? left[i], second.first ?? right[j])
        if a != b { return a < b }
        (i, j) = (i + 1, j + 1)
      } else {
        let (a, b) = (first.drop { $0 == zero }, second.drop { $0 == zero })
        if a.count != b.count { return a.count < b.count }
        if a != b { return a.lexicographicallyPrecedes(b) }
      }
    }
    if i < left.count || j < right.count { return j < right.count }
    return left.lexicographicallyPrecedes(right)
  }

  private static let zero = UInt8(ascii: "0")

  /// The digits at a place, which is moved past them.
  private static func number(_ bytes: [UInt8], _ place: inout Int) -> ArraySlice<UInt8> {
    let digits = bytes[place...].prefix { (zero...UInt8(ascii: "9")).contains($0) }
    place = digits.endIndex
    return digits
  }
}
