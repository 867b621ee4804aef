import RetortTensor
import RetortText

/// What `inspect` says of a file that is read by this module: names, types, shapes, checksums.
///
/// Checksums are SHA-256 in hexadecimal: of tensors over their values as little-endian float32 in
/// row-major order (integers and bool by value), of images over their bytes.
package enum Inspection: Sendable {
  case tensors(TensorFile.Contents)
  case png(RGBImage)
  case cifar(Cifar)
  case folder(ImageSizes)

  /// Reads a file of tensors, a PNG image or a CIFAR-10 file, told by content and suffix, or a
  /// folder of images.
  ///
  /// - Parameters:
  ///   - cifar: how the records of a `.bin` file are laid out.
  ///   - others: what the caller reads beside, to be named where a file is nothing of all that.
  package static func read(
    _ path: String, cifar: Cifar.Format = .cifar10, besides others: [String] = []
  ) throws(Diagnostics) -> Inspection {
    if InputFile.isFolder(path) {
      let folder = try ImageFolder(listing: path)
      if folder.isOfBatches { return .cifar(try Cifar.read(path, cifar)) }
      return .folder(try ImageSizes(of: folder))
    }
    let known =
      [
        "tensors (\(TensorFile.suffixes.map(\.suffix).joined(separator: " ")))",
        "images (.png, CIFAR .bin, folders of these)",
      ] + others
    let unknown = Diagnostics(
      "is no file of a known kind", path: path, hint: "read are " + known.joined(separator: ", "))
    // Not all of a large file of something else is read to say so.
    let start = InputFile.beginning(of: path, count: TensorFile.beginningByteCount)
    if !start.isEmpty, kind(start, path) == nil { throw unknown }
    let bytes = try InputFile.read(path)
    switch kind(bytes, path) {
    case .png: return .png(try naming(path) { () throws(FormatError) in try PNG.decode(bytes) })
    case .cifar:
      return .cifar(try naming(path) { () throws(FormatError) in try Cifar(bytes, cifar) })
    case .tensors: return .tensors(try TensorFile.contents(bytes, path))
    case nil: throw unknown
    }
  }

  private enum Kind { case png, cifar, tensors }

  /// Told by how a file begins, and by its suffix.
  private static func kind(_ bytes: [UInt8], _ path: String) -> Kind? {
    let lower = path.lowercased()
    if PNG.recognises(bytes) || lower.hasSuffix(".png") { return .png }
    // Checkpoints are called .bin too, but begin with bytes that are no CIFAR-10 label.
    if lower.hasSuffix(".bin"), TensorFile.format(bytes, "") == nil { return .cifar }
    return TensorFile.format(bytes, path) == nil ? nil : .tensors
  }

  /// The checksum that `inspect` prints of a tensor.
  package static func checksum(_ tensor: HostTensor) -> String {
    // Piece by piece: converting the whole would take several times the tensor's memory.
    let (element, count) = (tensor.type.element, tensor.elementCount)
    var hash = SHA256()
    for start in stride(from: 0, to: count, by: pieceElementCount) {
      let end = min(start + pieceElementCount, count)
      let bytes = tensor.bytes[start * element.byteCount..<end * element.byteCount]
      let piece = HostTensor(TensorType(element, [end - start]), bytes: Array(bytes))
      hash.update(piece.converted(to: .f32).bytes)
    }
    return hash.hexadecimal
  }

  private static let pieceElementCount = 1 << 16

  /// For tensors a list of objects with `name`, `path`, `dtype`, `shape` and `sha256`; for an image
  /// or a CIFAR file one object with `shape` and `sha256`, and the labels; for a folder one with the
  /// `sizes` of its images.
  package var json: String {
    switch self {
    case .tensors(let contents):
      let lines = contents.tensors.map { "  " + Self.json($0).text }
      return "[\n" + lines.joined(separator: ",\n") + "\n]\n"
    case .png(let image):
      return JSONValue.object([
        "format": .string("png"), "height": .number(image.height), "width": .number(image.width),
        "shape": .array([.number(image.height), .number(image.width), .number(3)]),
        "dtype": .string("uint8"), "sha256": .string(SHA256.hexadecimal(image.bytes)),
      ]).text + "\n"
    case .cifar(let cifar):
      return JSONValue.object([
        "format": .string(cifar.format.rawValue),
        "shape": .array([.number(cifar.count), .number(3), .number(32), .number(32)]),
        "dtype": .string("uint8"), "sha256": .string(SHA256.hexadecimal(cifar.pixels)),
        "labels": .array(cifar.labels.map { .number(Int($0)) }),
      ]).text + "\n"
    case .folder(let sizes): return sizes.json.text + "\n"
    }
  }

  private static func json(_ stored: StoredTensor) -> JSONValue {
    let path = stored.path.map { step -> JSONValue in
      switch step {
      case .key(let key): .string(key)
      case .position(let position): .number(position)
      }
    }
    return .object([
      "name": .string(stored.name), "path": .array(path), "dtype": .string(stored.dtype),
      "shape": .array(stored.tensor.shape.extents.map(JSONValue.number)),
      "sha256": .string(checksum(stored.tensor)),
    ])
  }

  /// For reading by people.
  package var text: String {
    switch self {
    case .tensors(let contents): return Self.text(contents)
    case .png(let image):
      return "PNG image, \(image.width)x\(image.height) pixels\n"
        + "sha256 \(SHA256.hexadecimal(image.bytes))\n"
    case .cifar(let cifar):
      var table = TextTable(["class", "images"])
      for label in 0..<UInt8(cifar.format.classCount) {
        table.add([String(label), String(cifar.labels.count { $0 == label })])
      }
      return "CIFAR-\(cifar.format.classCount) file, \(cifar.count) images of 32x32\n"
        + "sha256 \(SHA256.hexadecimal(cifar.pixels))\n\n" + table.text
    case .folder(let sizes): return sizes.text
    }
  }

  private static func text(_ contents: TensorFile.Contents) -> String {
    var table = TextTable(
      ["name", "dtype", "shape", "sha256"], alignments: [.left, .left, .left, .left])
    var elements = 0
    for stored in contents.tensors {
      elements += stored.tensor.elementCount
      table.add([
        stored.name, stored.dtype, stored.tensor.shape.description,
        String(checksum(stored.tensor).prefix(16)),
      ])
    }
    let count = contents.tensors.count
    var summary =
      "\n\(contents.format.rawValue): \(count) tensor\(count == 1 ? "" : "s"),"
      + " \(elements) element\(elements == 1 ? "" : "s")"
    if contents.otherCount > 0 {
      summary += "; \(contents.otherCount) more belong to training"
    }
    return table.text + summary + "\n"
  }
}
