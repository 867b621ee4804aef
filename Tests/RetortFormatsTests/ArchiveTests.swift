import RetortFormats
import RetortTestSupport
import Testing

/// ZIP archives, and with them DEFLATE in both directions.
@Suite struct ArchiveTests {
  private static func contents() -> [(String, [UInt8])] {
    var generator = SeededGenerator(seed: 5)
    let noise = (0..<70_000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    let skewed = (0..<90_000).map { _ in
      UInt8((generator.next() % 16) * (generator.next() % 16) / 8)
    }
    let sentence = Array("the same words again and again, ".utf8)
    let repeats = (0..<40_000).map { sentence[$0 % sentence.count] }
    let farRepeat = noise[..<33_000] + noise[..<33_000]
    return [
      ("empty", []), ("one", [7]), ("two", [7, 7]),
      ("zeros", [UInt8](repeating: 0, count: 100_000)),
      ("noise", noise), ("skewed", skewed), ("repeats", repeats), ("far", Array(farRepeat)),
    ]
  }

  @Test(arguments: [false, true]) func entriesComeBackAsTheyWere(compress: Bool) throws {
    var writer = ZipWriter()
    for (name, bytes) in Self.contents() { try writer.append(name, bytes, compress: compress) }
    let archive = try Zip(try writer.finished())
    #expect(archive.entries.map(\.name) == Self.contents().map(\.0))
    for (entry, (name, bytes)) in zip(archive.entries, Self.contents()) {
      #expect(try archive.contents(of: entry).elementsEqual(bytes), "\(name)")
    }
  }

  @Test func whatRepeatsBecomesSmall() throws {
    for (name, limit) in [("zeros", 300), ("repeats", 400), ("skewed", 60_000)] {
      let bytes = try #require(Self.contents().first { $0.0 == name }).1
      var writer = ZipWriter()
      try writer.append(name, bytes, compress: true)
      #expect(try writer.finished().count < limit, "\(name)")
    }
  }

  /// Millions of short matches; copying the output at each would take minutes.
  @Test func unpackingTakesTimeInProportionToItsOutput() throws {
    var bytes: [UInt8] = []
    for index in UInt32(0)..<1 << 20 {
      let mixed = (index &* 0x9E37_79B1) >> 24
      bytes += [1, 2, 3, UInt8(mixed & 31)]
    }
    var writer = ZipWriter()
    try writer.append("a", bytes, compress: true)
    let archive = try Zip(try writer.finished())
    let seconds = try threadSeconds { () throws in
      #expect(try archive.contents(of: archive.entries[0]).elementsEqual(bytes))
    }
    #expect(seconds < 60)
  }

  @Test func aDamagedEntryIsNamed() throws {
    var writer = ZipWriter()
    try writer.append("good", [1, 2, 3])
    try writer.append("bad", [4, 5, 6])
    var bytes = try writer.finished()
    let place = try #require(
      bytes.firstIndex(of: 5).map { _ in
        bytes.indices.first { bytes[$0...].starts(with: [4, 5, 6]) }
      } ?? nil)
    bytes[place] = 9
    let archive = try Zip(bytes)
    #expect(try archive.contents(of: archive.entries[0]) == [1, 2, 3])
    let error = #expect(throws: FormatError.self) { try archive.contents(of: archive.entries[1]) }
    #expect(error?.message == "the CRC-32 of entry 'bad' does not agree: it is damaged")
  }

  @Test func anArchiveThatClaimsTooMuchIsRefused() throws {
    // A second directory entry for the same data overlaps the first.
    var writer = ZipWriter()
    try writer.append("a", [UInt8](repeating: 0, count: 50_000), compress: true)
    var bytes = try writer.finished()
    let directory = try #require(
      bytes.indices.first { bytes[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
    let end = try #require(bytes.indices.first { bytes[$0...].starts(with: [0x50, 0x4B, 5, 6]) })
    let entry = Array(bytes[directory..<end])
    bytes.insert(contentsOf: entry, at: end)
    let record = end + entry.count
    (bytes[record + 8], bytes[record + 10]) = (2, 2)
    bytes[record + 12] = UInt8(2 * entry.count)
    let error = #expect(throws: FormatError.self) { try Zip(bytes) }
    #expect(error?.message.hasPrefix("two entries of the archive overlap") == true)
  }
}
