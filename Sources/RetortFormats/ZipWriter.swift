/// Puts a ZIP archive together. Entries carry the first date of the format, so that equal contents
/// give equal archives.
package struct ZipWriter: Sendable {
  private var writer = ByteWriter()
  private var directory = ByteWriter()
  private var count = 0

  package init() {}

  /// Appends an entry, deflated if asked for and shorter so.
  /// - Throws: past 4 GiB or 65,534 entries, which the plain format cannot say.
  package mutating func append(
    _ name: String, _ contents: [UInt8], compress: Bool = false
  ) throws(FormatError) {
    let packed = compress ? Deflate.deflate(contents) : contents
    let isDeflated = packed.count < contents.count
    let data = isDeflated ? packed : contents
    guard writer.count + data.count + 0x1_0000 < 0xFFFF_FFFF, contents.count < 0xFFFF_FFFF,
      count < 0xFFFE, name.utf8.count < 0xFFFF
    else {
      throw FormatError(
        "would be larger than the 4 GiB of a ZIP archive", hint: "write .safetensors instead")
    }
    var common = ByteWriter()
    common.little(UInt16(20))
    common.little(UInt16(0x800))
    common.little(UInt16(isDeflated ? 8 : 0))
    common.little(UInt32(0x0021_0000))
    common.little(Checksum.crc32(contents))
    common.little(UInt32(data.count))
    common.little(UInt32(contents.count))
    common.little(UInt16(name.utf8.count))
    common.little(UInt16(0))
    directory.little(UInt32(0x0201_4B50))
    directory.little(UInt16(20))
    directory.append(common.bytes)
    directory.append([UInt8](repeating: 0, count: 10))
    directory.little(UInt32(writer.count))
    directory.append(name)
    writer.little(UInt32(0x0403_4B50))
    writer.append(common.bytes)
    writer.append(name)
    writer.append(data)
    count += 1
  }

  /// The archive with its directory.
  package func finished() throws(FormatError) -> [UInt8] {
    var result = writer
    guard writer.count + directory.count < 0xFFFF_FFFF else {
      throw FormatError("would be larger than the 4 GiB of a ZIP archive")
    }
    result.append(directory.bytes)
    result.little(UInt32(0x0605_4B50))
    result.little(UInt32(0))
    result.little(UInt16(count))
    result.little(UInt16(count))
    result.little(UInt32(directory.count))
    result.little(UInt32(writer.count))
    result.little(UInt16(0))
    return result.bytes
  }
}
