import RetortText

/// The binary files of CIFAR-10 and CIFAR-100: records of labels and 3,072 pixel bytes.
///
/// A record is one label byte (CIFAR-100: the coarse, then the fine label), then 1,024 red, green
/// and blue bytes, rows from the top.
package struct Cifar: Sendable {
  package enum Format: String, CaseIterable, Sendable {
    case cifar10, cifar100

    package var classCount: Int { self == .cifar10 ? 10 : 100 }
    var labelBytes: Int { self == .cifar10 ? 1 : 2 }
  }

  package static let pixelBytes = 3 * 32 * 32

  package let format: Format
  /// One a record; the fine label of CIFAR-100.
  package private(set) var labels: [UInt8] = []
  /// `[count, 3, 32, 32]`.
  package private(set) var pixels: [UInt8] = []

  package var count: Int { labels.count }

  package init(labels: [UInt8], pixels: [UInt8], format: Format = .cifar10) {
    precondition(pixels.count == labels.count * Self.pixelBytes, "labels and pixels disagree")
    self.format = format
    self.labels = labels
    self.pixels = pixels
  }

  /// - Throws: unless the bytes are one or more whole records whose labels are in range.
  package init(_ bytes: [UInt8], _ format: Format = .cifar10) throws(FormatError) {
    let record = format.labelBytes + Self.pixelBytes
    self.format = format
    guard !bytes.isEmpty else { throw FormatError("is empty") }
    guard bytes.count % record == 0 else {
      throw FormatError(
        "has \(bytes.count) bytes, which is not a whole number of records of \(record)",
        hint: Self.advice(bytes.count, besides: format))
    }
    labels.reserveCapacity(bytes.count / record)
    pixels.reserveCapacity(bytes.count / record * Self.pixelBytes)
    for start in stride(from: 0, to: bytes.count, by: record) {
      let label = bytes[start + format.labelBytes - 1]
      guard Int(label) < format.classCount else {
        throw FormatError(
          "record \(start / record) has the label \(label); there are \(format.classCount) classes")
      }
      labels.append(label)
      pixels += bytes[start + format.labelBytes..<start + record]
    }
  }

  /// The other format, where the bytes are whole records of that.
  private static func advice(_ byteCount: Int, besides format: Format) -> String? {
    Format.allCases.first {
      $0 != format && byteCount % ($0.labelBytes + pixelBytes) == 0
    }.map { "it has whole records of \($0.rawValue)" }
  }

  /// Whether a file of this name in a folder has images to train on.
  static func isBatch(_ name: String) -> Bool {
    name.hasPrefix("data_batch_") && name.hasSuffix(".bin")
  }

  /// Reads a file, or a folder's `data_batch_*.bin` in the order of their names.
  package static func read(
    _ path: String, _ format: Format = .cifar10
  ) throws(Diagnostics) -> Cifar {
    guard InputFile.isFolder(path) else {
      let bytes = try InputFile.read(path)
      return try naming(path) { () throws(FormatError) in try Cifar(bytes, format) }
    }
    let names = try InputFile.names(inFolder: path).filter(isBatch)
    guard !names.isEmpty else {
      throw Diagnostics("the folder has no data_batch_*.bin", path: path)
    }
    var all = Cifar(labels: [], pixels: [], format: format)
    for name in names {
      let part = try read(path + "/" + name, format)
      all.labels += part.labels
      all.pixels += part.pixels
    }
    return all
  }

  /// The bytes of a CIFAR-10 file.
  package var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * (Self.pixelBytes + 1))
    for (index, label) in labels.enumerated() {
      bytes.append(label)
      bytes += pixels[index * Self.pixelBytes..<(index + 1) * Self.pixelBytes]
    }
    return bytes
  }
}
