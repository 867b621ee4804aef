import Foundation
import RetortFormats
import RetortTensor

/// A folder that is gone when the last reference to it is.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() throws {
    path = NSTemporaryDirectory() + "retort-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// What lies in it, sorted.
  package var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  package func file(_ name: String) -> String { path + "/" + name }

  package func exists(_ name: String) -> Bool { Repository.exists(file(name)) }

  package func bytes(_ name: String) throws -> [UInt8] { try InputFile.read(file(name)) }

  /// Writes a file and gives its path.
  @discardableResult
  package func write(_ text: String, to name: String) throws -> String {
    try text.write(toFile: file(name), atomically: false, encoding: .utf8)
    return file(name)
  }

  @discardableResult
  package func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  @discardableResult
  package func write(
    _ tensors: [(name: String, tensor: HostTensor)], to name: String
  ) throws -> String {
    try TensorFile.write(tensors, to: file(name))
    return file(name)
  }
}
