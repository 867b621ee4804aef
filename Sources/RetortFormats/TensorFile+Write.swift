import RetortTensor
import RetortText

/// Writing: `.npy` (a single tensor), `.npz` and `.safetensors`, told by the path's suffix.
extension TensorFile {
  /// Writes tensors in their own element types. Standard output takes a single tensor, as .npy.
  ///
  /// - Throws: for another suffix, several tensors in an .npy file, a name that the format does not
  ///   take, or a file that cannot be written.
  package static func write(
    _ tensors: [(name: String, tensor: HostTensor)], to path: String
  ) throws(Diagnostics) {
    let format = try outputFormat(path)
    try write(tensors.map { StoredBytes($0.name, $0.tensor) }, as: format, to: path)
  }

  /// Whether tensors can be written to a path: to be asked before they are computed.
  ///
  /// - Throws: for another suffix, for more tensors than the format holds, and for a file that
  ///   cannot be made there.
  package static func checkWritable(to path: String, holding count: Int = 1) throws(Diagnostics) {
    let format = try outputFormat(path)
    try naming(path) { () throws(FormatError) in try format.check(count) }
    try AtomicFile.check(path)
  }

  /// What `convert` has to tell of its work.
  package struct Conversion: Sendable {
    /// `model.npz: npz, 62 tensors`.
    package let summary: String
    package let notes: [Diagnostic]
  }

  /// Writes the model's tensors of a file in the format of another path's suffix, under the names
  /// that `contents` gives them, each in the element type that the file has. NumPy's formats have
  /// no bfloat16: there it becomes float32, which a note tells.
  ///
  /// The file to write is looked at first, so that nothing is read in vain.
  /// - Parameter compress: whether the entries of an .npz file are deflated.
  package static func convert(
    _ source: String, to target: String, compress: Bool = false
  ) throws(Diagnostics) -> Conversion {
    let format = try outputFormat(target)
    if compress, format != .npz {
      throw Diagnostics(
        "is not compressed: only the entries of .npz are", path: target,
        hint: "leave --compress out, or end the path in .npz")
    }
    let contents = try contents(of: source)
    let tensors = contents.tensors.map(StoredBytes.init)
    try write(tensors, as: format, to: target, compress: compress)
    var notes: [Diagnostic] = []
    let widened = tensors.filter { $0.type == .bfloat16 }.map(\.name)
    if format != .safetensors, !widened.isEmpty {
      notes.append(
        .note(
          "\(count(widened)) widened from bfloat16, which NumPy lacks, to float32: "
            + list(widened), path: target))
    }
    if contents.otherCount > 0 {
      notes.append(
        .note(
          "\(contents.otherCount) tensors of training, which are not the model's, are left out",
          path: source))
    }
    return Conversion(
      summary: "\(target): \(format.rawValue), \(count(tensors))", notes: notes)
  }

  private static func count(_ items: [some Any]) -> String {
    "\(items.count) tensor\(items.count == 1 ? "" : "s")"
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(4).map(quoted).joined(separator: ", ")
    return names.count > 4 ? "\(shown) and \(names.count - 4) more" : shown
  }

  /// What is written.
  private enum WrittenFormat: String {
    case npy, npz, safetensors

    /// - Throws: for a number of tensors that it does not hold.
    func check(_ count: Int) throws(FormatError) {
      guard self != .npy || count == 1 else {
        throw FormatError(
          ".npy holds one tensor, not \(count)", hint: "write .npz or .safetensors")
      }
    }
  }

  private static func outputFormat(_ path: String) throws(Diagnostics) -> WrittenFormat {
    let lower = path.lowercased()
    if path == "-" { return .npy }
    switch suffixes.first(where: { lower.hasSuffix($0.suffix) })?.format {
    case .torch:
      throw Diagnostics(
        "is a PyTorch checkpoint by its suffix; these are read but not written, because a checkpoint "
          + "is a program that its reader runs", path: path,
        hint: "write .safetensors, which 'safetensors.torch.load_file' reads in Python, or .npz")
    case .npy: return .npy
    case .npz: return .npz
    case .safetensors: return .safetensors
    case nil:
      throw Diagnostics(
        "has no suffix in which tensors are written", path: path,
        hint: "end it in .npy, .npz or .safetensors")
    }
  }

  private static func write(
    _ tensors: [StoredBytes], as format: WrittenFormat, to path: String, compress: Bool = false
  ) throws(Diagnostics) {
    let bytes = try naming(path) { () throws(FormatError) in
      switch format {
      case .npz: return try Npz.encode(tensors, compress: compress)
      case .safetensors:
        guard !tensors.contains(where: { $0.name == Safetensors.reservedName }) else {
          throw FormatError(
            "a tensor is named '\(Safetensors.reservedName)', which .safetensors keeps for itself",
            hint: "write .npz")
        }
        return Safetensors.encode(tensors)
      case .npy:
        try format.check(tensors.count)
        return Npy.encode(tensors[0])
      }
    }
    try AtomicFile.write(bytes, to: path)
  }
}
