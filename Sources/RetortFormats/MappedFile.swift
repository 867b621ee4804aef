import Foundation
import RetortText

/// A file in memory: nothing is read before it is looked at, and nothing is copied.
///
/// The file must keep its length while it is mapped: whoever shortens it ends the process that looks
/// past its end. Files that Retort writes are replaced whole, under a new identity, so that a mapped
/// one stays what it was.
package final class MappedFile: @unchecked Sendable {
  package let path: String
  package let byteCount: Int
  /// The first byte, at the start of a page; nil for an empty file.
  private let start: UnsafeMutableRawPointer?

  /// - Throws: when it cannot be opened or mapped, or is no regular file.
  package init(_ path: String) throws(Diagnostics) {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.unreadable(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw InputFile.irregular(path)
    }
    byteCount = Int(status.st_size)
    guard byteCount > 0 else {
      start = nil
      return
    }
    let pointer = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let pointer, pointer != MAP_FAILED else { throw Self.unreadable(path, errno) }
    start = pointer
  }

  deinit {
    if let start { munmap(start, byteCount) }
  }

  /// The whole file.
  package var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start, count: byteCount)
  }

  /// Where a byte lies. To be written to only after `allowWriting`.
  package func address(of offset: Int) -> UnsafeMutableRawPointer {
    precondition(offset >= 0 && offset < byteCount, "an address outside the file")
    return start! + offset
  }

  /// From now on the memory may be written to. The file stays as it is; a page that is written to is
  /// copied first.
  package func allowWriting() throws(Diagnostics) {
    guard let start, mprotect(start, byteCount, PROT_READ | PROT_WRITE) != 0 else { return }
    throw Diagnostics("cannot be mapped to be written to: \(InputFile.reason(errno))", path: path)
  }

  private static func unreadable(_ path: String, _ code: Int32) -> Diagnostics {
    Diagnostics("cannot be read: \(InputFile.reason(code))", path: path)
  }
}
