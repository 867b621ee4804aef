import RetortTensor
import RetortText

/// Files of tensors in any format that Retort reads.
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

  private static let suffixes: [(suffix: String, format: Format)] = [
    (".npy", .npy), (".npz", .npz), (".safetensors", .safetensors), (".pt", .torch),
    (".pth", .torch), (".ckpt", .torch), (".th", .torch), (".tar", .torch), (".pkl", .torch),
  ]

  /// The tensors of a file of any known format, named as graphs name their parameters.
  package static func read(_ path: String) throws(Diagnostics) -> [StoredTensor] {
    try contents(of: path).tensors
  }

  package static func contents(of path: String) throws(Diagnostics) -> Contents {
    try contents(InputFile.read(path), path)
  }

  /// The same of a file whose bytes are at hand; the path gives the suffix and names the file.
  package static func contents(
    _ bytes: [UInt8], _ path: String
  ) throws(Diagnostics) -> Contents {
    try naming(path) { () throws(FormatError) in
      guard let format = format(bytes, path) else {
        throw FormatError(
          "is no file of tensors",
          hint: "read are .npy, .npz, .safetensors and PyTorch checkpoints (.pt, .pth, .ckpt)")
      }
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

  /// Writes tensors in the format of the path's suffix: `.npy` (a single tensor), `.npz` or
  /// `.safetensors`. Standard output takes a single tensor, as .npy.
  package static func write(
    _ tensors: [(name: String, tensor: HostTensor)], to path: String
  ) throws(Diagnostics) {
    let lower = path.lowercased()
    let bytes = try naming(path) { () throws(FormatError) in
      if lower.hasSuffix(".safetensors") { return Safetensors.encode(tensors) }
      if lower.hasSuffix(".npz") { return try Npz.encode(tensors) }
      guard lower.hasSuffix(".npy") || path == "-" else {
        throw FormatError(
          "has no suffix in which tensors are written",
          hint: "end it in .npy, .npz or .safetensors")
      }
      guard let only = tensors.first, tensors.count == 1 else {
        throw FormatError(
          ".npy holds one tensor, not \(tensors.count)", hint: "write .npz or .safetensors")
      }
      return Npy.encode(only.tensor)
    }
    try AtomicFile.write(bytes, to: path)
  }
}
