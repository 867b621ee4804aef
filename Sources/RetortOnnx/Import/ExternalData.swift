import Foundation
import RetortFormats
import RetortTensor

/// Tensors whose bytes lie in files beside the model.
///
/// A model says only names of files in its own folder or below it: anything else could be a way to
/// read what the model's author must not see. Of each file no more bytes are read than it has,
/// however many tensors name them, so memory stays below five times the files' sizes: 8-bit integers
/// are read as 32-bit ones, beside the bytes of the tensor that is being read.
final class ExternalData {
  private let folder: URL
  /// How many bytes of each file were read.
  private var byteCounts: [FileIdentity: Int] = [:]
  /// What was read, for tensors that are one: tied weights, or of functions that are called again.
  private var tensors: [Place: HostTensor] = [:]

  /// One file, whatever it is called.
  private struct FileIdentity: Hashable {
    let device: UInt64
    let node: UInt64
  }

  private struct Place: Hashable {
    let entries: [String: String]
    let element: Int64
    let extents: [Int64]
  }

  init(besides model: String) {
    folder = URL(fileURLWithPath: model).deletingLastPathComponent()
  }

  /// A tensor whose bytes lie in another file, as `convert` makes it of what is there.
  func tensor(
    _ stored: OnnxTensor, _ convert: (HostTensor) -> HostTensor
  ) throws(FormatError) -> HostTensor {
    var entries: [String: String] = [:]
    for entry in stored.external { entries[entry.key] = entry.value }
    let place = Place(entries: entries, element: stored.element, extents: stored.extents)
    if let tensor = tensors[place] { return tensor }
    let tensor = convert(
      try stored.hostTensor { _ throws(FormatError) in try bytes(entries)[...] })
    tensors[place] = tensor
    return tensor
  }

  /// The bytes at the place that a tensor says are its own.
  private func bytes(_ entries: [String: String]) throws(FormatError) -> [UInt8] {
    guard let location = entries["location"], !location.isEmpty else {
      throw FormatError("it lies in another file, but does not say which")
    }
    let path = try path(location)
    // Not waiting: a pipe beside the model would never answer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw unreadable(location, InputFile.reason(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw unreadable(location, InputFile.reason(errno))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw unreadable(location, "it is no regular file")
    }
    let byteCount = Int(status.st_size)
    let offset = try number(entries["offset"], "offset") ?? 0
    let length = try number(entries["length"], "length") ?? (byteCount - offset)
    let end = offset.addingReportingOverflow(length)
    guard offset <= byteCount, length >= 0, !end.overflow, end.partialValue <= byteCount else {
      throw FormatError(
        "it takes \(length) bytes at \(offset) of '\(location)', which has \(byteCount)")
    }
    let identity = FileIdentity(device: UInt64(status.st_dev), node: UInt64(status.st_ino))
    let total = byteCounts[identity, default: 0] + length
    guard total <= byteCount else {
      throw FormatError(
        "with it the model takes \(total) bytes of '\(location)', which has \(byteCount)",
        hint: "each tensor has bytes of its own; export the model again")
    }
    byteCounts[identity] = total
    return try read(descriptor, offset, length, location)
  }

  /// The bytes are read, not mapped, as `InputFile` does.
  private func read(
    _ descriptor: Int32, _ offset: Int, _ length: Int, _ location: String
  ) throws(FormatError) -> [UInt8] {
    var failure: String?
    let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      while count < length {
        let got = pread(
          descriptor, buffer.baseAddress! + count, length - count, off_t(offset + count))
        if got > 0 {
          count += got
        } else if got == 0 {
          failure = "it was shortened meanwhile"
          break
        } else if errno != EINTR {
          failure = InputFile.reason(errno)
          break
        }
      }
    }
    if let failure { throw unreadable(location, failure) }
    return bytes
  }

  private func unreadable(_ location: String, _ reason: String) -> FormatError {
    FormatError("it lies in '\(location)' beside the model, which cannot be read: \(reason)")
  }

  private func number(_ text: String?, _ name: String) throws(FormatError) -> Int? {
    guard let text else { return nil }
    guard let number = Int(text), number >= 0 else {
      throw FormatError("its \(name) in another file is '\(text)', where a number is expected")
    }
    return number
  }

  private func path(_ location: String) throws(FormatError) -> String {
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
    return target.path
  }
}
