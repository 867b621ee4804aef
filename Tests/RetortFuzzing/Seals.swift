import RetortDriver
import RetortFormats
import RetortRuntime
import RetortTestSupport

/// Damage behind a format's checksums and lengths, which are put right again: else nothing but the
/// checks themselves would be tried.
package enum Seals {
  /// What is done to the bytes behind a seal; the second are another file's.
  package typealias Change = @Sendable ([UInt8], [UInt8], inout SeededGenerator) -> [UInt8]

  /// One entry of an archive changed.
  package static func archive(_ change: @escaping Change) -> FuzzReader.Damage {
    { bytes, other, generator in
      let zip = try Zip(bytes)
      let donor = try? Zip(other)
      let donated = donor?.entries.randomElement(using: &generator)
      let changed = zip.entries.randomElement(using: &generator)?.name
      var writer = ZipWriter()
      for entry in zip.entries {
        var contents = Array(try zip.contents(of: entry))
        if entry.name == changed {
          let foreign = try donated.flatMap { try donor?.contents(of: $0) } ?? []
          contents = change(contents, Array(foreign), &generator)
        }
        try writer.append(
          entry.name, contents, compress: Bool.random(using: &generator))
      }
      return try writer.finished()
    }
  }

  /// One chunk of a PNG image changed; of the pixels, what they unpack to.
  package static func png(_ change: @escaping Change) -> FuzzReader.Damage {
    { bytes, other, generator in
      var chunks = self.chunks(of: bytes)
      guard !chunks.isEmpty else { return bytes }
      let index = Int.random(in: 0..<chunks.count, using: &generator)
      if chunks[index].type == Array("IDAT".utf8), Bool.random(using: &generator),
        let rows = try? Zlib.unpack(chunks[index].content, limit: 1 << 22)
      {
        chunks[index].content = Zlib.pack(change(rows, [], &generator))
      } else {
        chunks[index].content = change(chunks[index].content, [], &generator)
      }
      var writer = ByteWriter()
      writer.append(bytes[..<8])
      for chunk in chunks {
        writer.big(UInt32(truncatingIfNeeded: chunk.content.count))
        writer.append(chunk.type + chunk.content)
        writer.big(Checksum.crc32(chunk.type + chunk.content))
      }
      return writer.bytes
    }
  }

  private static func chunks(of bytes: [UInt8]) -> [(type: [UInt8], content: [UInt8])] {
    var chunks: [(type: [UInt8], content: [UInt8])] = []
    var start = 8
    while start + 12 <= bytes.count {
      let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - start - 12 else { break }
      chunks.append(
        (Array(bytes[start + 4..<start + 8]), Array(bytes[start + 8..<start + 8 + length])))
      start += 12 + length
    }
    return chunks
  }

  /// The head of a plan changed and signed again.
  package static func plan(_ change: @escaping Change) -> FuzzReader.Damage {
    { bytes, other, generator in
      let changed = change(Array(bytes.dropFirst(24)), other, &generator)
      return signed(Array(bytes.prefix(24)) + changed)
    }
  }

  /// A plan with its length and the checksum of its head put right.
  static func signed(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count >= 40 else { return bytes }
    func little(_ value: UInt64) -> [UInt8] {
      (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let headByteCount = bytes[24..<32].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let end = Int(min(max(headByteCount, 40), UInt64(bytes.count)))
    let head = bytes[24..<32] + little(UInt64(bytes.count)) + bytes[40..<end]
    return bytes[..<16] + little(ContentHash.hash(Array(head))) + head + bytes[end...]
  }

  /// A text of a plan (its graph, its origins, its measurements) changed.
  package static func planText(_ change: @escaping Change) -> FuzzReader.Damage {
    { bytes, _, generator in
      let folder = try TemporaryFolder()
      let path = try folder.write(bytes, to: "valid.retort")
      var artifact = try PlanFile(path, processor: Processor.fingerprint).artifact
      let fields: [WritableKeyPath<Artifact, String>] = [
        \.graphText, \.graphText, \.graphText, \.graphText, \.origins, \.calibration,
      ]
      let field = fields.randomElement(using: &generator)!
      let text = change(Array(artifact[keyPath: field].utf8), [], &generator)
      artifact[keyPath: field] = String(decoding: text, as: UTF8.self)
      try artifact.write(to: path)
      return try InputFile.read(path)
    }
  }
}
