import RetortFormats
import RetortTensor
import RetortText

/// Finished blocks of an evaluation on disk, each under the SHA-256 of what it was made from.
///
/// A file appears whole or not at all and carries its own checksum, so that a killed evaluation goes
/// on with what was finished, and a damaged file is computed again.
package struct EvaluationStore: Sendable {
  package let folder: String
  private static let mark = "sha256."

  /// - Throws: where the folder cannot be made.
  package init(_ folder: String) throws(Diagnostics) {
    self.folder = folder
    try AtomicFile.createFolder(folder)
  }

  /// The block of an identity; nil where there is none, or none that is whole and holds tensors of
  /// these types.
  package func block(
    _ identity: String, holding types: [String: TensorType]
  ) -> [String: HostTensor]? {
    let path = path(identity)
    guard !InputFile.isMissing(path),
      var stored = try? MarkedTensors(reading: path), let sum = stored.take(Self.mark)
    else { return nil }
    let tensors = Dictionary(stored.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
    guard Self.checksum(tensors) == sum,
      types.allSatisfy({ tensors[$0.key]?.type == $0.value })
    else { return nil }
    return tensors
  }

  package func keep(
    _ tensors: [String: HostTensor], as identity: String
  ) throws(Diagnostics) {
    let sorted = tensors.keys.sorted().map { (name: $0, tensor: tensors[$0]!) }
    var stored = MarkedTensors(sorted)
    stored.mark(Self.mark, Self.checksum(tensors))
    try stored.write(to: path(identity))
  }

  private func path(_ identity: String) -> String { "\(folder)/\(identity).safetensors" }

  private static func checksum(_ tensors: [String: HostTensor]) -> String {
    var hash = SHA256()
    for name in tensors.keys.sorted() {
      hash.update("\(name): \(tensors[name]!.type)\n")
      hash.update(tensors[name]!.bytes)
    }
    return hash.hexadecimal
  }
}
