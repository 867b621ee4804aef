import Foundation
import RetortFormats

/// Tensors whose bytes lie in files beside the model.
///
/// A model says only names of files in its own folder or below it: anything else could be a way to
/// read what the model's author must not see.
final class ExternalData {
  private let folder: URL
  private var files: [String: MappedFile] = [:]

  init(besides model: String) {
    folder = URL(fileURLWithPath: model).deletingLastPathComponent()
  }

  /// The bytes that a tensor says are its own.
  func bytes(of tensor: OnnxTensor) throws(FormatError) -> ArraySlice<UInt8> {
    var entries: [String: String] = [:]
    for entry in tensor.external { entries[entry.key] = entry.value }
    guard let location = entries["location"], !location.isEmpty else {
      throw FormatError("it lies in another file, but does not say which")
    }
    let file = try file(location)
    let offset = try number(entries["offset"], "offset") ?? 0
    let length = try number(entries["length"], "length") ?? (file.byteCount - offset)
    let end = offset.addingReportingOverflow(length)
    guard offset <= file.byteCount, length >= 0, !end.overflow, end.partialValue <= file.byteCount
    else {
      throw FormatError(
        "it takes \(length) bytes at \(offset) of '\(location)', which has \(file.byteCount)")
    }
    return Array(file.bytes[offset..<offset + length])[...]
  }

  private func number(_ text: String?, _ name: String) throws(FormatError) -> Int? {
    guard let text else { return nil }
    guard let number = Int(text), number >= 0 else {
      throw FormatError("its \(name) in another file is '\(text)', where a number is expected")
    }
    return number
  }

  private func file(_ location: String) throws(FormatError) -> MappedFile {
    if let file = files[location] { return file }
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    let target = folder.appendingPathComponent(location)
    // A link inside the folder may lead out of it.
    let inside = folder.resolvingSymlinksInPath().path + "/"
    guard !location.hasPrefix("/"), !location.utf8.contains(0), !parts.contains(".."),
      target.resolvingSymlinksInPath().path.hasPrefix(inside)
    else {
      throw FormatError(
        "it lies in '\(location)', outside the model's folder",
        hint: "tensors in other files must lie beside the model")
    }
    do {
      let file = try MappedFile(target.path)
      files[location] = file
      return file
    } catch {
      throw FormatError(
        "it lies in '\(location)' beside the model, which "
          + (error.list.first?.message ?? "cannot be read"))
    }
  }
}
