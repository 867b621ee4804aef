import Foundation
import RetortText

/// Arrays in `.npy` form, one after the other, from a pipe: each is read when the one before was
/// dealt with.
package final class NpyStream {
  private let descriptor: Int32
  private let path: String
  /// An array of more bytes is refused before it is read.
  private let limit: Int

  package init(
    _ descriptor: Int32 = STDIN_FILENO, path: String = "standard input", limit: Int = 1 << 30
  ) {
    (self.descriptor, self.path, self.limit) = (descriptor, path, limit)
  }

  /// The next array; nil at the end.
  ///
  /// - Throws: where the stream ends inside an array, holds something else, or an array is too large.
  package func next() throws(Diagnostics) -> StoredTensor? {
    var bytes = try take(Npy.prefixLength, mayEnd: true)
    if bytes.isEmpty { return nil }
    let rest = try naming(path) { () throws(FormatError) in try Npy.headerRest(bytes[...]) }
    bytes += try take(rest)
    let size = try naming(path) { () throws(FormatError) in try Npy.dataLength(bytes[...]) }
    guard size <= limit else {
      throw Diagnostics("has an array of \(size) bytes; the limit is \(limit)", path: path)
    }
    bytes += try take(size)
    return try naming(path) { () throws(FormatError) in try Npy.decode(bytes[...]) }
  }

  private func take(_ count: Int, mayEnd: Bool = false) throws(Diagnostics) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      // Memory grows with what arrives, not with what a header claims.
      var piece = [UInt8](repeating: 0, count: min(count - bytes.count, 1 << 20))
      let got = read(descriptor, &piece, piece.count)
      if got < 0 {
        if errno == EINTR { continue }
        throw Diagnostics("cannot be read: \(InputFile.reason(errno))", path: path)
      }
      if got == 0 {
        if mayEnd, bytes.isEmpty { return [] }
        throw Diagnostics("ends inside an array", path: path)
      }
      bytes += piece[..<got]
    }
    return bytes
  }
}
