import Foundation
import RetortText

/// Whole files in memory, with a bound on their size and a sentence when they cannot be read.
package enum InputFile {
  /// Files past 16 GiB are refused unless the caller states another limit.
  package static let defaultLimit = 1 << 34
  /// Pipes and devices, which may never end, past 1 GiB.
  package static let defaultStreamLimit = 1 << 30

  /// The bytes of the file at `path`, or of standard input for `-`.
  ///
  /// The bytes are read, not mapped: a file that another program shortens meanwhile must not be
  /// able to end this one. Memory grows with what is read, not with what the file system claims.
  /// - Parameter regularOnly: whether pipes and devices are refused. What a user names may be one,
  ///   and is waited for, unless it is read more than once; what a file names must not be able to
  ///   make anybody wait.
  /// - Throws: when it cannot be opened or read, is a folder, or holds more than `limit` bytes.
  package static func read(
    _ path: String, limit: Int = defaultLimit, streamLimit: Int = defaultStreamLimit,
    regularOnly: Bool = false
  ) throws(Diagnostics) -> [UInt8] {
    if path == "-", !regularOnly {
      return try readAll(STDIN_FILENO, "standard input", limit, streamLimit)
    }
    // Opening a pipe waits for who writes to it. For the regular files that are read on the flag
    // means nothing, so it need not be taken back.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | (regularOnly ? O_NONBLOCK : 0))
    guard descriptor >= 0 else { throw unreadable(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
    if status.st_mode & S_IFMT == S_IFDIR {
      throw Diagnostics("cannot be read: it is a folder", path: path)
    }
    guard !regularOnly || status.st_mode & S_IFMT == S_IFREG else {
      throw irregular(path)
    }
    return try readAll(descriptor, path, limit, streamLimit)
  }

  /// The first bytes of a regular file, at most so many; none of anything else, nor of `-`, standard
  /// input: what a pipe gave to tell what it holds would be gone for who reads it.
  package static func beginning(of path: String, count: Int) -> [UInt8] {
    var status = stat()
    guard path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return []
    }
    // A pipe that has taken its place since is not waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = buffer.baseAddress.map { max(0, Foundation.read(descriptor, $0, count)) } ?? 0
    }
  }

  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether there is nothing at a path. What is there and cannot be looked at is not missing.
  package static func isMissing(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR)
  }

  /// Whether two paths lead to one file.
  package static func isSame(_ path: String, _ other: String) -> Bool {
    guard let identity = identity(path) else { return false }
    return identity == self.identity(other)
  }

  /// Which file a path leads to; nil where there is none.
  package static func identity(_ path: String) -> FileIdentity? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return FileIdentity(device: UInt64(status.st_dev), node: UInt64(status.st_ino))
  }

  /// The names in a folder, in their natural order, without those that begin with a dot.
  package static func names(inFolder path: String) throws(Diagnostics) -> [String] {
    guard let folder = opendir(path) else { throw unreadable(path, errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted(by: NaturalOrder.precedes)
  }

  private static func readAll(
    _ descriptor: Int32, _ path: String, _ fileLimit: Int, _ streamLimit: Int
  ) throws(Diagnostics) -> [UInt8] {
    var status = stat()
    let isRegular = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    let claimed = isRegular ? Int(status.st_size) : 0
    let limit = isRegular ? fileLimit : min(fileLimit, streamLimit)
    let hint = limit < fileLimit ? fileHint : nil
    func tooLarge() -> Diagnostics {
      Diagnostics("is larger than the limit of \(limit) bytes", path: path, hint: hint)
    }
    if claimed > limit { throw tooLarge() }
    var bytes: [UInt8] = []
    var chunk = claimed > 0 ? claimed + 1 : 1 << 16
    while true {
      let start = bytes.count
      var failure: Int32 = 0
      // One more than the limit is asked for, so that passing it is noticed.
      let wanted = min(chunk, limit + 1 - start)
      let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
        while count < wanted {
          let got = Foundation.read(descriptor, buffer.baseAddress! + count, wanted - count)
          if got > 0 {
            count += got
          } else if got == 0 {
            break
          } else if errno != EINTR {
            failure = errno
            break
          }
        }
      }
      if failure != 0 { throw unreadable(path, failure) }
      if start == 0 { bytes = piece } else { bytes += piece }
      if bytes.count > limit { throw tooLarge() }
      if piece.count < wanted { return bytes }
      chunk = max(bytes.count, 1 << 16)
    }
  }

  /// What is said of a pipe or a device where a regular file is needed.
  static func irregular(_ path: String) -> Diagnostics {
    Diagnostics("cannot be read: it is no regular file", path: path, hint: fileHint)
  }

  private static let fileHint = "write what it gives to a file and name that"

  private static func unreadable(_ path: String, _ code: Int32) -> Diagnostics {
    Diagnostics("cannot be read: \(reason(code))", path: path)
  }

  /// The C library's words for an error number.
  package static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
