import RetortTensor
import RetortText

/// Files of tensors in any format that Retort reads.
///
/// Reading takes memory in proportion to the file, whatever the file claims:
/// - `.npy` and `.safetensors`: 6 times the file (8-bit integers are read as 32-bit ones), and 32
///   times the header of the latter.
/// - `.npz`: the file, and 6 times what it unpacks to, which is at most `Zip.expansionLimit` times
///   the file and 64 MiB.
/// - Checkpoints: the file, what it unpacks to, 8 times that and 64 MiB for the tensors, which may
///   repeat their storages' elements, twice the largest of them while it is made, and 256 MiB for
///   what the pickle describes.
package enum TensorFile {
  package enum Format: String, Sendable, CaseIterable {
    case npy, npz, safetensors
    case torch = "PyTorch checkpoint"
  }

  /// What a file of tensors holds.
  package struct Contents: Sendable {
    package let format: Format
    /// The model's tensors in the file's order, with distinct names.
    package let tensors: [StoredTensor]
    /// How many tensors belong to training, an optimiser's state, and are not listed.
    package let otherCount: Int
  }

  static let suffixes: [(suffix: String, format: Format)] = [
    (".npy", .npy), (".npz", .npz), (".safetensors", .safetensors), (".pt", .torch),
    (".pth", .torch), (".ckpt", .torch), (".th", .torch), (".tar", .torch), (".pkl", .torch),
  ]

  /// The tensors of a file of any known format, named as graphs name their parameters.
  package static func read(_ path: String) throws(Diagnostics) -> [StoredTensor] {
    try contents(of: path).tensors
  }

  package static func contents(of path: String) throws(Diagnostics) -> Contents {
    // Not all of a large file of something else is read to say so.
    let start = InputFile.beginning(of: path, count: beginningByteCount)
    if !start.isEmpty, format(start, path) == nil { throw unknown.diagnostics(path) }
    return try contents(InputFile.read(path), path)
  }

  /// The same of a file whose bytes are at hand; the path gives the suffix and names the file.
  package static func contents(
    _ bytes: [UInt8], _ path: String
  ) throws(Diagnostics) -> Contents {
    try naming(path) { () throws(FormatError) in
      guard let format = format(bytes, path) else { throw unknown }
      switch format {
      case .npy:
        var tensor = try Npy.decode(bytes[...])
        tensor.name = stem(path)
        return Contents(format: format, tensors: [tensor], otherCount: 0)
      case .npz:
        let tensors = try TensorNaming.assign(try Npz.decode(bytes))
        return Contents(format: format, tensors: tensors, otherCount: 0)
      case .safetensors:
        let tensors = try TensorNaming.assign(try Safetensors.decode(bytes))
        return Contents(format: format, tensors: tensors, otherCount: 0)
      case .torch:
        let contents = try TorchCheckpoint.decode(bytes)
        return Contents(format: format, tensors: contents.tensors, otherCount: contents.otherCount)
      }
    }
  }

  private static var unknown: FormatError {
    FormatError(
      "is no file of tensors", hint: "read are \(suffixes.map(\.suffix).joined(separator: " "))")
  }

  /// As many of a file's first bytes as it takes to know that it is of no known format.
  static let beginningByteCount = 16

  /// Told by the suffix, or by how the file begins where the suffix is not known.
  static func format(_ bytes: [UInt8], _ path: String) -> Format? {
    let lower = path.lowercased()
    if let known = suffixes.first(where: { lower.hasSuffix($0.suffix) }) { return known.format }
    if Npy.recognises(bytes[...]) { return .npy }
    if Zip.recognises(bytes) {
      let isArrays = (try? Zip(bytes))?.entries.allSatisfy { $0.name.hasSuffix(".npy") }
      return isArrays == true ? .npz : .torch
    }
    if bytes.first == 0x80 { return .torch }
    return Safetensors.recognises(bytes) ? .safetensors : nil
  }

  /// The file's name without folder and suffix; `tensor` for standard input.
  private static func stem(_ path: String) -> String {
    if path == "-" { return "tensor" }
    let name = path.split(separator: "/").last ?? ""
    return String(name.split(separator: ".").first ?? name)
  }
}
