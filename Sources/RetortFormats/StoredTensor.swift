import RetortTensor

/// One step of the way to a tensor within a file: a key of a dictionary, or a place in a list.
package enum PathStep: Sendable, Hashable {
  case key(String)
  case position(Int)

  package var text: String {
    switch self {
    case .key(let key): key
    case .position(let position): String(position)
    }
  }
}

/// A tensor as a file holds it.
package struct StoredTensor: Sendable {
  /// What a graph's parameters are matched with: the key without enclosing `state_dict` and the
  /// like and without the prefix `module.`.
  package var name: String
  /// The whole way through the file.
  package var path: [PathStep]
  /// The file's own element type.
  let type: StoredType
  /// The values, in the file's type where `ElementType` has it, else widened without loss.
  package let tensor: HostTensor

  /// The file's own element type by its NumPy name, such as `float16` or `uint8`.
  package var dtype: String { type.rawValue }

  init(name: String, path: [PathStep], type: StoredType, tensor: HostTensor) {
    self.name = name
    self.path = path
    self.type = type
    self.tensor = tensor
  }

  init(_ name: String, _ type: StoredType, _ tensor: HostTensor) {
    self.init(name: name, path: [.key(name)], type: type, tensor: tensor)
  }
}
