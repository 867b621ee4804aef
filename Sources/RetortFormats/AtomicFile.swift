import Foundation
import RetortText
import Synchronization

/// A file that appears under its name whole or not at all.
///
/// What is written goes to a temporary name in the same folder, which `commit` renames. Standard
/// output (`-`), devices and pipes are written to directly. A link is followed, and a file that is
/// replaced keeps its permissions.
package final class AtomicFile {
  /// The path as the user wrote it.
  package let path: String
  /// What `commit` renames; nil when written to directly.
  private let temporary: String?
  private let target: String
  private var descriptor: Int32

  private static let live = Mutex<Set<String>>([])
  private static let serial = Atomic<Int>(0)

  package init(_ path: String) throws(Diagnostics) {
    self.path = path
    if path == "-" {
      (target, temporary, descriptor) = (path, nil, dup(STDOUT_FILENO))
      if descriptor < 0 { throw Self.unwritable(path, errno) }
      return
    }
    var status = stat()
    let exists = stat(path, &status) == 0
    if exists, status.st_mode & S_IFMT == S_IFDIR { throw Self.unwritable(path, EISDIR) }
    if exists, status.st_mode & S_IFMT != S_IFREG {
      (target, temporary) = (path, nil)
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
      if descriptor < 0 { throw Self.unwritable(path, errno) }
      return
    }
    target = exists ? Self.resolved(path) : path
    let number = Self.serial.add(1, ordering: .relaxed).newValue
    let name = "\(target).\(getpid())-\(number).tmp"
    temporary = name
    // Registered before it exists, so that an interrupt between the two leaves nothing behind.
    Self.live.withLock { _ = $0.insert(name) }
    descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 {
      let code = errno
      Self.live.withLock { _ = $0.remove(name) }
      throw Self.unwritable(path, code)
    }
    if exists { fchmod(descriptor, status.st_mode & 0o777) }
  }

  deinit { discard() }

  /// Tries whether a file can be made: to be asked before long work. Pipes and devices are not
  /// opened, whose readers would see an end.
  package static func check(_ path: String) throws(Diagnostics) {
    var status = stat()
    let exists = path != "-" && stat(path, &status) == 0
    let kind = status.st_mode & S_IFMT
    guard path != "-", !exists || kind == S_IFREG || kind == S_IFDIR else { return }
    try AtomicFile(path).discard()
  }

  package func write(_ bytes: some Collection<UInt8>) throws(Diagnostics) {
    precondition(descriptor >= 0, "written to after commit or discard")
    // Every collection that is written here is contiguous; others are copied once.
    let contiguous = bytes.withContiguousStorageIfAvailable { put(UnsafeRawBufferPointer($0)) }
    let failure = contiguous ?? Array(bytes).withUnsafeBytes { put($0) }
    if let failure {
      discard()
      throw Self.unwritable(path, failure)
    }
  }

  package func write(_ text: String) throws(Diagnostics) { try write(Array(text.utf8)) }

  /// Gives the file its name. Nothing may be written afterwards.
  package func commit() throws(Diagnostics) {
    precondition(descriptor >= 0, "committed twice")
    let closed = close(descriptor)
    descriptor = -1
    guard let temporary else {
      if closed != 0 { throw Self.unwritable(path, errno) }
      return
    }
    let failed = closed != 0 || rename(temporary, target) != 0
    let code = errno
    if failed { unlink(temporary) }
    Self.live.withLock { _ = $0.remove(temporary) }
    if failed { throw Self.unwritable(path, code) }
  }

  /// Removes what was written so far. Does nothing after `commit`.
  package func discard() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
    guard let temporary else { return }
    unlink(temporary)
    Self.live.withLock { _ = $0.remove(temporary) }
  }

  /// Writes a whole file at once.
  package static func write(
    _ bytes: some Collection<UInt8>, to path: String
  ) throws(Diagnostics) {
    let file = try AtomicFile(path)
    try file.write(bytes)
    try file.commit()
  }

  package static func write(_ text: String, to path: String) throws(Diagnostics) {
    try write(Array(text.utf8), to: path)
  }

  /// Removes the temporary files of this process. For the handler of an interrupt, on a dispatch
  /// queue of its own: what is being written is lost. `end` ends the process while no other thread
  /// can begin a new file.
  package static func removeTemporaries(then end: () -> Void = {}) {
    live.withLock { names in
      for name in names { unlink(name) }
      names.removeAll()
      end()
    }
  }

  /// Tries whether a folder can be written to, or be made: to be asked before long work.
  ///
  /// - Throws: where a file is in its way, or nothing can be made in the folder that is there.
  package static func checkFolder(_ path: String) throws(Diagnostics) {
    var place = path
    while InputFile.isMissing(place) {
      let above = (place as NSString).deletingLastPathComponent
      if above == place { break }
      place = above.isEmpty ? "." : above
    }
    guard InputFile.isFolder(place) else {
      throw Diagnostics(
        "is a file, where a folder is to be written", path: place, hint: "give another name")
    }
    // Permissions do not tell of file systems in which nothing can be made.
    let trial = "\(place)/.retort-\(getpid())-\(serial.add(1, ordering: .relaxed).newValue).tmp"
    guard mkdir(trial, 0o700) == 0 else {
      throw Diagnostics("cannot be written to: \(InputFile.reason(errno))", path: place)
    }
    rmdir(trial)
  }

  /// Creates a folder and those above it, if they are missing.
  package static func createFolder(_ path: String) throws(Diagnostics) {
    if InputFile.isFolder(path) { return }
    let above = (path as NSString).deletingLastPathComponent
    if !above.isEmpty, above != path { try createFolder(above) }
    guard mkdir(path, 0o777) != 0 else { return }
    let code = errno
    // Another process may have made it meanwhile.
    guard InputFile.isFolder(path) else {
      throw Diagnostics("the folder cannot be created: \(InputFile.reason(code))", path: path)
    }
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  /// The error number, or nil when all is written.
  private func put(_ buffer: UnsafeRawBufferPointer) -> Int32? {
    var done = 0
    while done < buffer.count {
      let count = Foundation.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
      if count >= 0 {
        done += count
      } else if errno != EINTR {
        return errno
      }
    }
    return nil
  }

  private static func unwritable(_ path: String, _ code: Int32) -> Diagnostics {
    Diagnostics("cannot be written: \(InputFile.reason(code))", path: path)
  }
}
