import RetortFormats
import RetortTensor

/// A file of `Tests/Golden/vectors`.
package struct VectorFile: Sendable {
  package let tensors: [String: HostTensor]

  package init(_ name: String) throws {
    let stored = try TensorFile.read(Self.path(name))
    tensors = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0.tensor) })
  }

  package static func path(_ name: String) -> String {
    "\(Repository.root)/Tests/Golden/vectors/\(name).safetensors"
  }

  package subscript(name: String) -> HostTensor {
    guard let tensor = tensors[name] else {
      preconditionFailure("no tensor '\(name)' among \(tensors.keys.sorted())")
    }
    return tensor
  }

  package func inputs(_ names: String...) -> [String: HostTensor] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, self[$0]) })
  }
}
