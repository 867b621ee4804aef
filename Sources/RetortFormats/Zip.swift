/// A ZIP archive in memory: stored and deflated entries, ZIP64 included.
///
/// Source: PKWARE, APPNOTE 6.3. Encrypted, split and otherwise compressed archives are refused.
package struct Zip: Sendable {
  /// One file of the archive.
  package struct Entry: Sendable {
    package let name: String
    package let byteCount: Int
    let isDeflated: Bool
    let crc: UInt32
    let data: Range<Int>
  }

  /// The entries together may unpack to this many times the archive, plus 64 MiB. Tensors that
  /// are mostly zero pass; archives made to fill the memory do not.
  package static let expansionLimit = 200

  package let entries: [Entry]
  private let bytes: [UInt8]
  /// Where each name is among the entries.
  private let places: [String: Int]

  package static func recognises(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6])
  }

  /// Reads the directory and checks it against the headers in front of the entries: names, sizes,
  /// places that lie within the file and do not overlap, and the bound on the unpacked size.
  package init(_ bytes: [UInt8]) throws(FormatError) {
    self.bytes = bytes
    entries = try ZipDirectory.entries(bytes)
    var total = 0
    let limit = (bytes.count.times(Self.expansionLimit) ?? .max).plus(1 << 26) ?? .max
    var places: [String: Int] = [:]
    for (place, entry) in entries.enumerated() {
      guard places.updateValue(place, forKey: entry.name) == nil else {
        throw FormatError("the archive has two entries named \(quoted(entry.name))")
      }
      guard let sum = total.plus(entry.byteCount), sum <= limit else {
        throw FormatError("the archive claims to unpack to more than the limit of \(limit) bytes")
      }
      total = sum
    }
    self.places = places
  }

  package func entry(named name: String) -> Entry? { places[name].map { entries[$0] } }

  /// The bytes of an entry; without a copy where they are stored.
  /// - Throws: when they do not unpack, or their length or CRC-32 is not what the directory says.
  package func contents(of entry: Entry) throws(FormatError) -> ArraySlice<UInt8> {
    let contents: ArraySlice<UInt8>
    if entry.isDeflated {
      guard entry.byteCount <= Inflate.mostBytes(from: entry.data.count) else {
        throw FormatError(
          "entry \(quoted(entry.name)) claims \(entry.byteCount) bytes, more than its"
            + " \(entry.data.count) packed bytes can hold")
      }
      do throws(FormatError) {
        contents = try Inflate.inflate(bytes, entry.data, limit: entry.byteCount).bytes[...]
      } catch {
        throw error.within("entry \(quoted(entry.name))")
      }
    } else {
      contents = bytes[entry.data]
    }
    guard contents.count == entry.byteCount else {
      throw FormatError(
        "entry \(quoted(entry.name)) has \(contents.count) bytes, the directory says"
          + " \(entry.byteCount)")
    }
    guard Checksum.crc32(contents) == entry.crc else {
      throw FormatError("the CRC-32 of entry \(quoted(entry.name)) does not agree: it is damaged")
    }
    return contents
  }
}
