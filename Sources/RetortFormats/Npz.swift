import RetortTensor

/// NumPy's archives of arrays: a ZIP archive of .npy files.
package enum Npz {
  /// Every array under its name without `.npy`, in the archive's order.
  /// - Throws: when an entry is anything but an .npy file that `Npy.decode` reads.
  package static func decode(_ bytes: [UInt8]) throws(FormatError) -> [StoredTensor] {
    let archive = try Zip(bytes)
    var tensors: [StoredTensor] = []
    for entry in archive.entries {
      guard entry.name.hasSuffix(".npy") else {
        throw FormatError("entry \(quoted(entry.name)) is not an .npy file")
      }
      let contents = try archive.contents(of: entry)
      do throws(FormatError) {
        var tensor = try Npy.decode(contents)
        tensor.name = String(entry.name.dropLast(4))
        tensor.path = [.key(tensor.name)]
        tensors.append(tensor)
      } catch {
        throw error.within("entry \(quoted(entry.name))")
      }
    }
    return tensors
  }

  /// An archive of these tensors, stored as `numpy.savez` does or deflated.
  package static func encode(
    _ tensors: [(name: String, tensor: HostTensor)], compress: Bool = false
  ) throws(FormatError) -> [UInt8] {
    try encode(tensors.map { StoredBytes($0.name, $0.tensor) }, compress: compress)
  }

  static func encode(
    _ tensors: [StoredBytes], compress: Bool
  ) throws(FormatError) -> [UInt8] {
    var writer = ZipWriter()
    for tensor in tensors {
      try writer.append(tensor.name + ".npy", Npy.encode(tensor), compress: compress)
    }
    return try writer.finished()
  }
}
