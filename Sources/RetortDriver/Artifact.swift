import Foundation
import RetortFormats
import RetortIR
import RetortTensor
import RetortText

/// A compiled program in a file (`.retort`): the planned graph as text, and the weights it was
/// compiled with, already prepared.
///
/// Layout, little-endian: 8 bytes `RETORT\r\n` · u32 format version · u32 zero · u64 content hash of
/// all that follows · fields (u64 byte count, bytes): processor, rebuild command, backend, disabled
/// passes (names with a blank between), graph text · u64 tensor count · for each: name field, element type field, u64 rank, u64 extents, u64
/// offset of its bytes from the file's start, a multiple of 64 · the tensors' bytes.
package struct Artifact: Sendable {
  package static let formatVersion: UInt32 = 2
  private static let magic: [UInt8] = Array("RETORT\r\n".utf8)
  private static let hashedFrom = 24

  /// What the program was compiled for; another processor may not run it.
  package var processor: String
  /// The command that makes the file anew.
  package var rebuild: String
  package var backend: String
  /// Passes that were left out, sorted.
  package var disabledPasses: [String]
  /// A planned graph.
  package var graphText: String
  /// Weights under their names, prepared values under the graph's value names with a leading `%`.
  package var tensors: [(name: String, tensor: HostTensor)]

  package init(
    processor: String, rebuild: String, backend: String, disabledPasses: [String] = [],
    graphText: String, tensors: [(name: String, tensor: HostTensor)]
  ) {
    self.processor = processor
    self.rebuild = rebuild
    self.backend = backend
    self.disabledPasses = disabledPasses
    self.graphText = graphText
    self.tensors = tensors
  }

  /// Whether a file begins as a plan does.
  package static func isArtifact(_ path: String) -> Bool {
    guard path != "-", let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    return (try? file.read(upToCount: magic.count)).map { Array($0) } == magic
  }

  package func write(to path: String) throws(Diagnostics) {
    var header = ByteWriter()
    let disabled = disabledPasses.joined(separator: " ")
    for field in [processor, rebuild, backend, disabled, graphText] { header.field(field) }
    header.little(UInt64(tensors.count))
    var tables = header.bytes
    // Offsets depend on the header's length, which does not depend on the offsets' values.
    var length = Self.hashedFrom + tables.count
    for (name, tensor) in tensors {
      length += 8 + name.utf8.count + 8 + tensor.type.element.rawValue.utf8.count
      length += 8 + 8 * tensor.shape.rank + 8
    }
    var offset = (length + 63) / 64 * 64
    let dataStart = offset
    for (name, tensor) in tensors {
      var entry = ByteWriter()
      entry.field(name)
      entry.field(tensor.type.element.rawValue)
      entry.little(UInt64(tensor.shape.rank))
      for extent in tensor.shape.extents { entry.little(UInt64(extent)) }
      entry.little(UInt64(offset))
      tables += entry.bytes
      offset = (offset + tensor.bytes.count + 63) / 64 * 64
    }
    tables += [UInt8](repeating: 0, count: dataStart - Self.hashedFrom - tables.count)
    for (_, tensor) in tensors {
      tables += tensor.bytes
      tables += [UInt8](repeating: 0, count: (64 - tensor.bytes.count % 64) % 64)
    }
    var file = ByteWriter()
    file.append(Self.magic)
    file.little(Self.formatVersion)
    file.little(UInt32(0))
    file.little(ContentHash.hash(tables))
    file.append(tables)
    try AtomicFile.write(file.bytes, to: path)
  }

  /// Reads and checks a plan.
  ///
  /// - Throws: for another version or processor with the command that rebuilds the plan; for a
  ///   truncated or altered file.
  package static func read(_ path: String, processor: String) throws(Diagnostics) -> Artifact {
    let bytes = try InputFile.read(path)
    guard bytes.starts(with: magic), bytes.count >= hashedFrom else {
      throw Diagnostics("is not a Retort plan", path: path)
    }
    var reader = ByteReader(bytes)
    do {
      _ = try reader.range(magic.count, of: "the mark")
      let version = try reader.little(UInt32.self, "the version")
      _ = try reader.little(UInt32.self, "the header")
      guard version == formatVersion else {
        throw Diagnostics(
          "is a plan of format \(version), this Retort reads \(formatVersion)", path: path,
          hint: rebuildHint(of: &reader))
      }
      let hash = try reader.little(UInt64.self, "the checksum")
      let actual = bytes.withUnsafeBytes {
        ContentHash.hash(UnsafeRawBufferPointer(rebasing: $0[hashedFrom...]))
      }
      guard hash == actual else {
        throw Diagnostics(
          "is damaged: its checksum is \(hex(actual)), it says \(hex(hash))", path: path,
          hint: "compile the definition again with 'retort compile'")
      }
      let artifact = try fields(&reader, bytes)
      guard artifact.processor == processor else {
        throw Diagnostics(
          "was compiled for \(artifact.processor), this is \(processor)", path: path,
          hint: "rebuild it with: \(artifact.rebuild)")
      }
      return artifact
    } catch let error as Diagnostics {
      throw error
    } catch let error as FormatError {
      throw error.diagnostics(path)
    } catch {
      throw Diagnostics("cannot be read: \(error)", path: path)
    }
  }

  /// The command that rebuilds a plan of another format, where it stands as in every format so far.
  private static func rebuildHint(of reader: inout ByteReader) -> String {
    let fallback = "compile the definition again with 'retort compile'"
    do {
      _ = try reader.little(UInt64.self, "the checksum")
      _ = try reader.field()
      let command = try reader.field()
      return command.hasPrefix("retort ") ? "rebuild it with: \(command)" : fallback
    } catch {
      return fallback
    }
  }

  private static func fields(_ reader: inout ByteReader, _ bytes: [UInt8]) throws -> Artifact {
    let texts = try (0..<5).map { _ in try reader.field() }
    let count = try reader.count("the number of tensors")
    guard count <= bytes.count / 32 else {
      throw FormatError("claims \(count) tensors, more than fit in the file")
    }
    var tensors: [(name: String, tensor: HostTensor)] = []
    for _ in 0..<count {
      let name = try reader.field()
      let element = try reader.field()
      guard let element = ElementType(rawValue: element) else {
        throw FormatError("holds a tensor of the unknown element type '\(element)'")
      }
      let rank = try reader.count("a rank")
      guard rank <= 64 else { throw FormatError("holds a tensor of rank \(rank)") }
      let extents = try (0..<rank).map { _ in try reader.count("an extent") }
      let offset = try reader.count("an offset")
      guard let shape = Shape.checked(extents, bytesPerElement: element.byteCount),
        offset <= bytes.count, TensorType(element, shape).byteCount <= bytes.count - offset
      else { throw FormatError("tensor '\(name)' lies outside the file") }
      let type = TensorType(element, shape)
      let range = offset..<offset + type.byteCount
      tensors.append((name, HostTensor(type, bytes: Array(bytes[range]))))
    }
    return Artifact(
      processor: texts[0], rebuild: texts[1], backend: texts[2],
      disabledPasses: texts[3].split(separator: " ").map(String.init), graphText: texts[4],
      tensors: tensors)
  }

  private static func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension ByteWriter {
  /// A text behind its byte count.
  fileprivate mutating func field(_ text: String) {
    little(UInt64(text.utf8.count))
    append(Array(text.utf8))
  }
}

extension ByteReader {
  /// A number of things: 64 bits that must be a small natural number.
  fileprivate mutating func count(_ what: String) throws(FormatError) -> Int {
    let number = try little(UInt64.self, what)
    guard number < 1 << 48 else { throw FormatError("\(what) is \(number)") }
    return Int(number)
  }

  fileprivate mutating func field() throws(FormatError) -> String {
    try text(try count("a field's length"), "a field")
  }
}
