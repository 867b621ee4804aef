import RetortTestSupport

/// Changes to the bytes of a valid file that a reader has to notice or to survive: the ones that
/// fuzzers make (flipped bits, telling numbers, pieces lost, doubled, moved or taken from another
/// file), and words of the format in place of others.
package struct Mutation: Sendable {
  /// What the format is made of, such as keywords.
  private let words: [[UInt8]]

  package init(words: [String] = []) { self.words = words.map { Array($0.utf8) } }

  /// The integers at which arithmetic goes wrong.
  static let tellingIntegers: [UInt64] = [
    0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000,
    0xFFFF_FFFF, 0x1_0000_0000, 1 << 40, 1 << 48, 1 << 62, .max >> 1, 1 << 63, .max - 1, .max,
  ]

  private static let tellingNumbers = [
    "0", "-1", "1", "2", "3", "64", "65536", "2147483647", "2147483648", "4294967296",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "99999999999999999999999", "1e308", "1e999", "0.5", "nan",
  ].map { Array($0.utf8) }

  /// One to a few changes, most often one.
  ///
  /// - Parameter other: another valid file of the format.
  @Sendable package func callAsFunction(
    _ bytes: [UInt8], _ other: [UInt8], _ generator: inout SeededGenerator
  ) -> [UInt8] {
    var bytes = bytes
    repeat { change(&bytes, other, &generator) } while Int.random(in: 0..<3, using: &generator) == 0
    return bytes
  }

  private func change(
    _ bytes: inout [UInt8], _ other: [UInt8], _ generator: inout SeededGenerator
  ) {
    guard !bytes.isEmpty else {
      bytes = other
      return
    }
    let place = Int.random(in: 0..<bytes.count, using: &generator)
    let longest = Bool.random(using: &generator) ? 8 : 256
    let end = min(bytes.count, place + Int.random(in: 1...longest, using: &generator))
    switch Int.random(in: 0..<12, using: &generator) {
    case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
    case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 2: bytes[place] &+= Bool.random(using: &generator) ? 1 : 255
    case 3:
      let value: UInt8 = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator)!
      for index in place..<end { bytes[index] = value }
    case 4: bytes.removeSubrange(place..<end)
    case 5: bytes.insert(contentsOf: bytes[place..<end], at: place)
    case 6:
      let target = Int.random(in: 0...bytes.count - (end - place), using: &generator)
      bytes.replaceSubrange(target..<target + end - place, with: Array(bytes[place..<end]))
    case 7: writeInteger(&bytes, place, &generator)
    case 8: replaceNumber(&bytes, place, &generator)
    case 9:
      guard let word = words.randomElement(using: &generator) else { fallthrough }
      let isReplaced = Bool.random(using: &generator)
      bytes.replaceSubrange(place..<(isReplaced ? end : place), with: word)
    case 10:
      let from = Int.random(in: 0...other.count, using: &generator)
      bytes.replaceSubrange(place..., with: other[from...])
    default: bytes.removeSubrange(place...)
    }
  }

  private func writeInteger(
    _ bytes: inout [UInt8], _ place: Int, _ generator: inout SeededGenerator
  ) {
    let value = Self.tellingIntegers.randomElement(using: &generator)!
    let width = [1, 2, 4, 8].randomElement(using: &generator)!
    let isBig = Bool.random(using: &generator)
    for index in 0..<min(width, bytes.count - place) {
      let shift = 8 * (isBig ? width - 1 - index : index)
      bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(shift))
    }
  }

  /// The digits at a place or behind it, if there are any, replaced by another number.
  private func replaceNumber(
    _ bytes: inout [UInt8], _ place: Int, _ generator: inout SeededGenerator
  ) {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let first = bytes[place...].firstIndex(where: digits.contains) else { return }
    let end = bytes[first...].firstIndex { !digits.contains($0) } ?? bytes.endIndex
    let number = Self.tellingNumbers.randomElement(using: &generator)!
    bytes.replaceSubrange(first..<end, with: number)
  }
}
