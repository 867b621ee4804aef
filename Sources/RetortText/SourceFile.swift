/// Which file of the system a file is, whatever paths lead to it.
package struct FileIdentity: Sendable, Hashable {
  private let device: UInt64
  private let node: UInt64

  package init(device: UInt64, node: UInt64) {
    self.device = device
    self.node = node
  }
}

/// The bytes of one text file and where its lines begin.
package final class SourceFile: Sendable {
  /// The path as the user wrote it; diagnostics begin with it.
  package let path: String
  package let bytes: [UInt8]
  /// Nil for what is no file of the system.
  package let identity: FileIdentity?
  /// The offset of the first byte of each line.
  private let lineStarts: [Int]

  package init(path: String, bytes: [UInt8], identity: FileIdentity? = nil) {
    self.path = path
    self.bytes = bytes
    self.identity = identity
    var starts = [0]
    for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
      starts.append(offset + 1)
    }
    lineStarts = starts
  }

  package convenience init(path: String, text: String) {
    self.init(path: path, bytes: Array(text.utf8))
  }

  /// The line (from 1) and the column (from 1, in Unicode scalars) of a byte offset.
  package func position(of offset: Int) -> (line: Int, column: Int) {
    let bounded = min(max(offset, 0), bytes.count)
    let line = line(of: bounded)
    let column = bytes[lineStarts[line - 1]..<bounded].count { $0 & 0xC0 != 0x80 }
    return (line, column + 1)
  }

  /// The line (from 1) of a byte offset. Unlike `position` it reads nothing of the line, which may
  /// be the whole file.
  package func line(of offset: Int) -> Int {
    let bounded = min(max(offset, 0), bytes.count)
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= bounded { low = middle } else { high = middle }
    }
    return low + 1
  }

  /// The text of a line (from 1) without its line break; bytes that are not UTF-8 are replaced.
  package func text(line: Int) -> String {
    let start = lineStarts[line - 1]
    var end = line < lineStarts.count ? lineStarts[line] - 1 : bytes.count
    if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return String(decoding: bytes[start..<max(start, end)], as: UTF8.self)
  }

  /// The text of a byte range.
  package func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range.clamped(to: 0..<bytes.count)], as: UTF8.self)
  }
}

/// A stretch of bytes in a source file.
package struct SourceRange: Sendable, Hashable {
  package let file: SourceFile
  package let offsets: Range<Int>

  package init(_ file: SourceFile, _ offsets: Range<Int>) {
    self.file = file
    self.offsets = offsets
  }

  package var line: Int { file.line(of: offsets.lowerBound) }
  package var column: Int { file.position(of: offsets.lowerBound).column }
  /// `path:line:column`, the form that editors and terminals follow.
  package var description: String { "\(file.path):\(line):\(column)" }

  /// Whether another range lies in this one.
  package func contains(_ other: SourceRange) -> Bool {
    file === other.file && offsets.lowerBound <= other.offsets.lowerBound
      && other.offsets.upperBound <= offsets.upperBound
  }

  package static func == (a: SourceRange, b: SourceRange) -> Bool {
    a.file === b.file && a.offsets == b.offsets
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(file))
    hasher.combine(offsets)
  }
}
