import RetortTensor

/// Finds the tensors in what a checkpoint's pickle left behind, and fetches their values.
struct TorchReader {
  private static let depthLimit = 32
  private static let visitLimit = 1 << 20
  /// Steps of all tensors' paths together.
  private static let stepLimit = 1 << 20

  private let machine: PickleMachine
  private let isBigEndian: Bool
  private let fetch: (String) throws(FormatError) -> ArraySlice<UInt8>

  private var found: [(path: [PathStep], tensor: Int)] = []
  private var otherCount = 0
  private var visits = 0
  private var steps = 0

  /// - Parameter fetch: the bytes of the storage with a key.
  init(
    _ machine: PickleMachine, isBigEndian: Bool,
    fetch: @escaping (String) throws(FormatError) -> ArraySlice<UInt8>
  ) {
    self.machine = machine
    self.isBigEndian = isBigEndian
    self.fetch = fetch
  }

  /// Every tensor under `root`, which must be a container, or `root` itself under the name
  /// `tensor`.
  consuming func contents(_ root: PickleValue) throws(FormatError) -> TorchCheckpoint.Contents {
    switch root {
    case .dictionary, .list, .tuple, .tensor: break
    default: throw FormatError("holds \(root.kind), not a dictionary of tensors")
    }
    try visit(root, [])
    guard !found.isEmpty else { throw FormatError("holds no tensors of a model") }
    return TorchCheckpoint.Contents(tensors: try tensors(), otherCount: otherCount)
  }

  /// A pickle can hold one value in many places; the visits are counted so that such a file
  /// cannot take for ever.
  private mutating func visit(_ value: PickleValue, _ path: [PathStep]) throws(FormatError) {
    visits += 1
    guard path.count <= Self.depthLimit else {
      throw FormatError("is nested more than \(Self.depthLimit) levels deep")
    }
    guard visits <= Self.visitLimit else {
      throw FormatError("holds more than \(Self.visitLimit) values")
    }
    switch value {
    case .tensor(let index):
      if TensorNaming.isOfTraining(path) {
        otherCount += 1
      } else {
        steps += path.count
        guard steps <= Self.stepLimit else {
          throw FormatError("holds more tensors than a checkpoint has")
        }
        found.append((path, index))
      }
    case .list(let place), .tuple(let place):
      for (position, element) in machine.heap[place].enumerated() {
        try visit(element, path + [.position(position)])
      }
    case .dictionary(let place): try visitDictionary(machine.heap[place], path)
    default: break
    }
  }

  private mutating func visitDictionary(
    _ items: [PickleValue], _ path: [PathStep]
  ) throws(FormatError) {
    for index in stride(from: 0, to: items.count - 1, by: 2) {
      switch items[index] {
      case .string(let key): try visit(items[index + 1], path + [.key(key)])
      case .int(let key): try visit(items[index + 1], path + [.position(key)])
      case let key:
        let before = found.count
        try visit(items[index + 1], path + [.key(key.kind)])
        guard found.count == before else {
          throw FormatError("a tensor's key is \(key.kind), not a string")
        }
      }
    }
  }

  private func tensors() throws(FormatError) -> [StoredTensor] {
    // All storages come first: only what is really there may raise the bound on memory.
    var storages: [String: ArraySlice<UInt8>] = [:]
    for (_, index) in found {
      let storage = machine.torch.storages[machine.torch.tensors[index].storage]
      if storages[storage.key] == nil { storages[storage.key] = try bytes(of: storage) }
    }
    try checkMemory(available: storages.values.reduce(0) { $0 + $1.count })
    var made: [Int: HostTensor] = [:]
    var result: [StoredTensor] = []
    for (path, index) in found {
      let record = machine.torch.tensors[index]
      let storage = machine.torch.storages[record.storage]
      let tensor: HostTensor
      if let known = made[index] {
        tensor = known
      } else {
        // An empty tensor may say that it lies anywhere.
        let isEmpty = record.shape.elementCount == 0
        let elements = StridedElements.gather(
          storages[storage.key] ?? [], width: storage.type.byteCount,
          offset: isEmpty ? 0 : storage.offset + record.offset, shape: record.shape,
          strides: record.strides)
        tensor = try storage.type.tensor(elements[...], record.shape, isBigEndian: isBigEndian)
        made[index] = tensor
      }
      result.append(
        StoredTensor(name: "tensor", path: path, type: storage.type, tensor: tensor))
    }
    return try TensorNaming.assign(result)
  }

  private func bytes(of storage: TorchObjects.Storage) throws(FormatError) -> ArraySlice<UInt8> {
    let bytes = try fetch(storage.key)
    guard bytes.count == storage.wholeCount * storage.type.byteCount else {
      throw FormatError(
        "storage \(quoted(storage.key)) has \(bytes.count) bytes, but \(storage.wholeCount)"
          + " elements of \(storage.type.rawValue) take"
          + " \(storage.wholeCount * storage.type.byteCount)")
    }
    return bytes
  }

  /// Views with stride 0 can stand for far more elements than their storage has, and so can names:
  /// what is read of one tensor is there once, but each of its names is hashed and written.
  private func checkMemory(available: Int) throws(FormatError) {
    let (read, named) = (byteCount(Set(found.map(\.tensor))), byteCount(found.map(\.tensor)))
    guard read <= Self.bound(8, available) else {
      throw FormatError(
        "its tensors take \(read) bytes, far more than the storages they are views of")
    }
    guard named <= Self.bound(64, available) else {
      throw FormatError(
        "its tensors take \(named) bytes under all their names, far more than their storages")
    }
  }

  private static func bound(_ factor: Int, _ available: Int) -> Int {
    (available.times(factor) ?? .max).plus(1 << 26) ?? .max
  }

  private func byteCount(_ tensors: some Sequence<Int>) -> Int {
    tensors.reduce(0) { sum, index in
      let record = machine.torch.tensors[index]
      let element = machine.torch.storages[record.storage].type.element
      return sum.plus(record.shape.elementCount * element.byteCount) ?? .max
    }
  }
}
