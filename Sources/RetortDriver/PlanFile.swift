import RetortFormats
import RetortIR
import RetortRuntime
import RetortTensor
import RetortText

/// An open `.retort` file. Its tensors stay where they are, mapped into memory.
///
/// Opening checks the version, the file's length, the head's checksum, the processor, and that every
/// tensor lies inside the file right behind the one before; so nothing that is looked at later lies
/// outside. `verifyTensors` compares all bytes behind the head with their checksums.
package final class PlanFile: Sendable {
  /// A tensor of the file.
  package struct Entry: Sendable {
    package let name: String
    package let type: TensorType
    package let offset: Int
    package let hash: UInt64

    /// Up to the next tensor.
    var paddedByteCount: Int { Artifact.rounded(type.byteCount, to: Artifact.alignment) }
  }

  package let file: MappedFile
  package let processor: String
  package let rebuild: String
  package let backend: String
  package let disabledPasses: [String]
  /// As `Calibration` writes it; empty where nothing was measured.
  package let calibration: String
  package let graphText: String
  package let origins: String
  package let entries: [Entry]

  package var path: String { file.path }

  /// The words of the command that made the plan.
  package var rebuildWords: [String] { ShellWords.split(rebuild) }

  /// - Throws: for another version or processor with the command that rebuilds the plan; for a
  ///   truncated or altered file.
  package init(_ path: String, processor expected: String) throws(Diagnostics) {
    let file = try MappedFile(path)
    let texts: [String]
    do {
      let head = try Self.head(of: file)
      var reader = ByteReader(head, Artifact.fieldsFrom..<head.count)
      texts = try Self.texts(&reader)
      entries = try Self.entries(&reader, behind: head.count, in: file.byteCount)
    } catch let error as Diagnostics {
      throw error
    } catch let error as FormatError {
      throw error.diagnostics(path)
    } catch {
      throw Diagnostics("cannot be read: \(error)", path: path)
    }
    self.file = file
    processor = texts[0]
    rebuild = texts[1]
    backend = texts[2]
    disabledPasses = texts[3].split(separator: " ").map(String.init)
    calibration = texts[4]
    graphText = texts[5]
    origins = texts[6]
    guard processor == expected else {
      throw Diagnostics(
        "was compiled for \(processor), this is \(expected)", path: path,
        hint: "rebuild it with: \(rebuild)")
    }
  }

  /// Where a tensor lies. Not to be written to before `file.allowWriting()`.
  package func view(of entry: Entry) -> TensorView {
    // Zero bytes have no place; any aligned one does for them.
    let base =
      entry.type.byteCount == 0
      ? UnsafeMutableRawPointer(bitPattern: Artifact.alignment)! : file.address(of: entry.offset)
    return TensorView(entry.type, base)
  }

  /// Compares every tensor with its checksum.
  /// - Throws: naming the first that differs.
  package func verifyTensors() throws(Diagnostics) {
    for entry in entries where entry.type.byteCount > 0 {
      let bytes = UnsafeRawBufferPointer(
        start: file.address(of: entry.offset), count: entry.paddedByteCount)
      let actual = ContentHash.hash(bytes)
      guard actual == entry.hash else {
        throw Diagnostics(
          "is damaged: the checksum of '\(entry.name)' is \(Self.hex(actual)), it says "
            + Self.hex(entry.hash), path: path, hint: Self.rebuildAdvice)
      }
    }
  }

  /// The planned graph. Its nodes tell where in the plan's text they stand.
  package func graph() throws(Diagnostics) -> Graph { try Compiler.parse(graphText, path: path) }

  /// The graph with its nodes telling where in the definition they came from.
  package func named(_ graph: Graph) throws(Diagnostics) -> Graph {
    do {
      return try PlanOrigins.applied(origins, to: graph)
    } catch {
      throw error.diagnostics(path)
    }
  }

  /// All that the file holds, copied.
  package var artifact: Artifact {
    Artifact(
      processor: processor, rebuild: rebuild, backend: backend, disabledPasses: disabledPasses,
      calibration: calibration,
      graphText: graphText, origins: origins,
      tensors: entries.map { ($0.name, HostTensor(copying: view(of: $0))) })
  }

  // MARK: the head

  private static let rebuildAdvice = "compile the definition again with 'retort compile'"

  /// The bytes of the head, whose checksum and lengths are right.
  private static func head(of file: MappedFile) throws -> [UInt8] {
    let fixed = Array(file.bytes.prefix(Artifact.fieldsFrom))
    guard fixed.starts(with: Artifact.magic) else {
      throw Diagnostics("is not a Retort plan", path: file.path)
    }
    var reader = ByteReader(fixed)
    _ = try reader.range(Artifact.magic.count, of: "the mark")
    let version = try reader.little(UInt32.self, "the version")
    guard version == Artifact.formatVersion else {
      throw Diagnostics(
        "is a plan of format \(version), this Retort reads \(Artifact.formatVersion)",
        path: file.path, hint: rebuildHint(file, version: version))
    }
    _ = try reader.little(UInt32.self, "the header")
    let hash = try reader.little(UInt64.self, "the checksum")
    let headByteCount = try reader.count("the length of the head")
    let byteCount = try reader.count("the length of the file")
    guard byteCount == file.byteCount else {
      throw Diagnostics(
        "is damaged: it holds \(file.byteCount) bytes, it says \(byteCount)", path: file.path,
        hint: rebuildAdvice)
    }
    guard headByteCount >= Artifact.fieldsFrom, headByteCount <= byteCount,
      headByteCount % Artifact.pageByteCount == 0
    else {
      throw FormatError("claims a head of \(headByteCount) bytes")
    }
    let actual = ContentHash.hash(
      UnsafeRawBufferPointer(rebasing: file.bytes[Artifact.hashedFrom..<headByteCount]))
    guard hash == actual else {
      throw Diagnostics(
        "is damaged: its checksum is \(hex(actual)), it says \(hex(hash))", path: file.path,
        hint: rebuildAdvice)
    }
    return Array(file.bytes[..<headByteCount])
  }

  /// The command that rebuilds a plan of another format: the second field, which in the first format
  /// began 16 bytes earlier.
  private static func rebuildHint(_ file: MappedFile, version: UInt32) -> String {
    let start = version == 1 ? 24 : Artifact.fieldsFrom
    let bytes = Array(file.bytes.prefix(1 << 16))
    guard start <= bytes.count else { return rebuildAdvice }
    var reader = ByteReader(bytes, start..<bytes.count)
    do {
      _ = try reader.field()
      let command = try reader.field()
      return command.hasPrefix("retort ") ? "rebuild it with: \(command)" : rebuildAdvice
    } catch {
      return rebuildAdvice
    }
  }

  private static func texts(_ reader: inout ByteReader) throws -> [String] {
    try (0..<7).map { _ in try reader.field() }
  }

  /// The table of tensors.
  private static func entries(
    _ reader: inout ByteReader, behind headByteCount: Int, in byteCount: Int
  ) throws -> [Entry] {
    let count = try reader.count("the number of tensors")
    guard count <= reader.remaining / 32 else {
      throw FormatError("claims \(count) tensors, more than fit in the file")
    }
    var entries: [Entry] = []
    var end = headByteCount
    for _ in 0..<count {
      let entry = try entry(&reader)
      guard entry.offset == end, entry.type.byteCount <= byteCount - end,
        entry.paddedByteCount <= byteCount - end
      else {
        throw FormatError(
          "tensor '\(entry.name)' (\(entry.type.byteCount) bytes at \(entry.offset)) is not in its "
            + "place (at \(end) of \(byteCount))")
      }
      end += entry.paddedByteCount
      entries.append(entry)
    }
    guard end == byteCount else { throw FormatError("holds \(byteCount - end) bytes too many") }
    return entries
  }

  private static func entry(_ reader: inout ByteReader) throws -> Entry {
    let name = try reader.field()
    let elementName = try reader.field()
    guard let element = ElementType(rawValue: elementName) else {
      throw FormatError("holds a tensor of the unknown element type '\(elementName)'")
    }
    let rank = try reader.count("a rank")
    guard rank <= 64 else { throw FormatError("holds a tensor of rank \(rank)") }
    let extents = try (0..<rank).map { _ in try reader.count("an extent") }
    let offset = try reader.count("an offset")
    let hash = try reader.little(UInt64.self, "a tensor's checksum")
    guard let shape = Shape.checked(extents, bytesPerElement: element.byteCount) else {
      throw FormatError("tensor '\(name)' is larger than any memory")
    }
    return Entry(name: name, type: TensorType(element, shape), offset: offset, hash: hash)
  }

  private static func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
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
