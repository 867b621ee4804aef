import RetortFormats
import RetortTensor
import RetortText

/// Tensors of a file with texts among them: a format of tensors holds a text as the end of a name.
struct MarkedTensors {
  private(set) var tensors: [(name: String, tensor: HostTensor)]

  init(_ tensors: [(name: String, tensor: HostTensor)]) { self.tensors = tensors }

  init(reading path: String) throws(Diagnostics) {
    tensors = try TensorFile.read(path).map { ($0.name, $0.tensor) }
  }

  /// Puts a text before the tensors.
  mutating func mark(_ prefix: String, _ text: String) {
    tensors.insert((prefix + text, HostTensor(Float(0))), at: 0)
  }

  /// Takes the text behind a prefix out; nil where there is none.
  mutating func take(_ prefix: String) -> String? {
    guard let index = tensors.firstIndex(where: { $0.name.hasPrefix(prefix) }) else { return nil }
    return String(tensors.remove(at: index).name.dropFirst(prefix.count))
  }

  func write(to path: String) throws(Diagnostics) { try TensorFile.write(tensors, to: path) }
}
