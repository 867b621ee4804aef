import RetortFormats
import RetortTensor
import RetortText

/// What a file of a compiled program (`.retort`) holds: the planned graph as text, and the weights
/// it was compiled with, already prepared. `PlanFile` opens one.
///
/// Layout, little-endian: 8 bytes `RETORT\r\n` · u32 format version · u32 zero · u64 content hash of
/// the head's bytes from 24 on · u64 bytes of the head · u64 bytes of the file · fields (u64 byte
/// count, bytes): processor, rebuild command, backend, disabled passes (names with a blank between),
/// calibration (`Calibration.text`), graph text, origins (`PlanOrigins`) · u64 tensor count · for
/// each: name field, element type field, u64 rank, u64 extents, u64 offset of its bytes from the
/// file's start, u64 content hash of its bytes up to the next tensor · zeros up to a page. Behind the
/// head the tensors' bytes in the same order, each with zeros up to a multiple of 64, so that a mapped
/// file is memory to compute on.
package struct Artifact: Sendable {
  package static let formatVersion: UInt32 = 3
  static let magic: [UInt8] = Array("RETORT\r\n".utf8)
  static let pageByteCount = 4096
  static let alignment = 64
  /// Where the hashed part of the head begins, and where its fields begin.
  static let (hashedFrom, fieldsFrom) = (24, 40)

  /// What the program was compiled for; another processor may not run it.
  package var processor: String
  /// The command that makes the file anew.
  package var rebuild: String
  package var backend: String
  /// Passes that were left out, sorted.
  package var disabledPasses: [String]
  /// The measurements that its convolutions were chosen by, as `Calibration` writes them; empty
  /// where none were made.
  package var calibration: String
  /// A planned graph.
  package var graphText: String
  /// Where the graph's nodes came from, as `PlanOrigins` writes it; may be empty.
  package var origins: String
  /// Weights under their names, prepared values under the graph's value names with a leading `%`.
  package var tensors: [(name: String, tensor: HostTensor)]

  package init(
    processor: String, rebuild: String, backend: String, disabledPasses: [String] = [],
    calibration: String = "", graphText: String, origins: String = "",
    tensors: [(name: String, tensor: HostTensor)]
  ) {
    self.processor = processor
    self.rebuild = rebuild
    self.backend = backend
    self.disabledPasses = disabledPasses
    self.calibration = calibration
    self.graphText = graphText
    self.origins = origins
    self.tensors = tensors
  }

  /// Whether a file begins as a plan does.
  package static func isArtifact(_ path: String) -> Bool {
    InputFile.beginning(of: path, count: magic.count) == magic
  }

  // MARK: writing

  package func write(to path: String) throws(Diagnostics) {
    let headByteCount = Self.rounded(
      fields(tensorsFrom: 0).count + Self.fieldsFrom, to: Self.pageByteCount)
    var head = ByteWriter()
    head.little(UInt64(headByteCount))
    head.little(UInt64(tensors.reduce(headByteCount) { $0 + Self.paddedCount($1.tensor) }))
    head.append(fields(tensorsFrom: headByteCount))
    head.append(repeatElement(0, count: headByteCount - Self.hashedFrom - head.count))
    var start = ByteWriter()
    start.append(Self.magic)
    start.little(Self.formatVersion)
    start.little(UInt32(0))
    start.little(ContentHash.hash(head.bytes))
    let file = try AtomicFile(path)
    try file.write(start.bytes)
    try file.write(head.bytes)
    for (_, tensor) in tensors {
      try file.write(tensor.bytes)
      let excess = Self.paddedCount(tensor) - tensor.bytes.count
      if excess > 0 { try file.write([UInt8](repeating: 0, count: excess)) }
    }
    try file.commit()
  }

  /// The fields of the head. Their length does not depend on where the tensors begin.
  private func fields(tensorsFrom start: Int) -> [UInt8] {
    var writer = ByteWriter()
    let disabled = disabledPasses.joined(separator: " ")
    for field in [processor, rebuild, backend, disabled, calibration, graphText, origins] {
      writer.field(field)
    }
    writer.little(UInt64(tensors.count))
    var offset = start
    for (name, tensor) in tensors {
      writer.field(name)
      writer.field(tensor.type.element.rawValue)
      writer.little(UInt64(tensor.shape.rank))
      for extent in tensor.shape.extents { writer.little(UInt64(extent)) }
      writer.little(UInt64(offset))
      writer.little(start == 0 ? 0 : ContentHash.hash(Self.padded(tensor.bytes)))
      offset += Self.paddedCount(tensor)
    }
    return writer.bytes
  }

  private static func paddedCount(_ tensor: HostTensor) -> Int {
    rounded(tensor.bytes.count, to: alignment)
  }

  private static func padded(_ bytes: [UInt8]) -> [UInt8] {
    let count = rounded(bytes.count, to: alignment)
    return count == bytes.count ? bytes : bytes + [UInt8](repeating: 0, count: count - bytes.count)
  }

  static func rounded(_ count: Int, to unit: Int) -> Int {
    (count + unit - 1) / unit * unit
  }
}

extension ByteWriter {
  /// A text behind its byte count.
  fileprivate mutating func field(_ text: String) {
    little(UInt64(text.utf8.count))
    append(Array(text.utf8))
  }
}
