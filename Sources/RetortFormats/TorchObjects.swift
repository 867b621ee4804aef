import RetortTensor

/// The storages and tensors that a checkpoint's pickle describes.
struct TorchObjects {
  /// A storage, or a stretch of one, that a persistent id names.
  struct Storage {
    let key: String
    let type: StoredType
    /// The elements of the whole storage.
    let wholeCount: Int
    /// Where the stretch begins, and its elements.
    let offset: Int
    let count: Int
  }

  struct Tensor {
    let storage: Int
    let offset: Int
    let shape: Shape
    let strides: [Int]
  }

  /// What a record takes without a tensor's extents and strides, in values of the pickle.
  static let recordCost = 8

  static let resave =
    "save just the weights in Python: torch.save(model.state_dict(), 'weights.pt')"

  var storages: [Storage] = []
  var tensors: [Tensor] = []
  /// The first storage under each key; the others must agree with it.
  var storageOfKey: [String: Int] = [:]

  static let storageTypes: [String: StoredType] = [
    "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16,
    "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32,
    "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
  ]
}

// MARK: What the pickle may name

extension PickleMachine {
  private static let constructors: Set<String> = [
    "collections.OrderedDict", "torch.Size", "torch.device",
    "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
  ]

  private static let elementTypes: Set<String> = [
    "float64", "double", "float32", "float", "float16", "half", "bfloat16", "int64", "long",
    "int32", "int", "int16", "short", "int8", "uint8", "bool",
  ]

  func global(_ module: String, _ name: String) throws(FormatError) -> PickleValue {
    let full = module + "." + name
    if Self.constructors.contains(full) { return .global(full) }
    if module == "torch" || module == "torch.cuda" {
      if TorchObjects.storageTypes[name] != nil { return .global(full) }
      if name.hasSuffix("Storage") {
        throw FormatError("has storages of a type that is not known, \(quoted(full))")
      }
      if module == "torch", Self.elementTypes.contains(name) { return .opaque }
    }
    throw FormatError(
      "the pickle names \(quoted(full)), which no state dict needs; it is not run",
      hint: TorchObjects.resave)
  }

  /// What REDUCE of a callable with arguments gives.
  mutating func construct(
    _ callable: PickleValue, _ arguments: [PickleValue]
  ) throws(FormatError) -> PickleValue {
    guard case .global(let name) = callable else {
      throw FormatError("REDUCE calls \(callable.kind), which is no constructor")
    }
    switch name {
    case "collections.OrderedDict": return try orderedDictionary(arguments)
    case "torch.device": return .opaque
    case "torch.Size":
      guard arguments.count == 1, case .tuple = arguments[0] else {
        throw FormatError("torch.Size takes one tuple")
      }
      return arguments[0]
    case "torch._utils._rebuild_tensor" where arguments.count == 4,
      "torch._utils._rebuild_tensor_v2" where arguments.count == 6 || arguments.count == 7:
      return try tensor(arguments)
    case "torch._utils._rebuild_parameter" where arguments.count == 3,
      "torch._utils._rebuild_parameter_with_state" where arguments.count == 4:
      guard case .tensor = arguments[0] else {
        throw FormatError("\(name) is given \(arguments[0].kind), not a tensor")
      }
      return arguments[0]
    default: throw FormatError("\(name) cannot be called with \(arguments.count) arguments")
    }
  }

  private mutating func orderedDictionary(
    _ arguments: [PickleValue]
  ) throws(FormatError) -> PickleValue {
    guard let first = arguments.first else { return dictionary([]) }
    guard arguments.count == 1, case .list(let place) = first else {
      throw FormatError("collections.OrderedDict takes nothing or a list of pairs")
    }
    var values: [PickleValue] = []
    for item in heap[place] {
      let pair: [PickleValue]
      if case .list(let inner) = item {
        pair = heap[inner]
      } else {
        pair = try elements(item, "an item of collections.OrderedDict")
      }
      guard pair.count == 2 else { throw FormatError("an OrderedDict's item is not a pair") }
      values += pair
    }
    return dictionary(values)
  }

  private func integers(_ value: PickleValue, _ what: String) throws(FormatError) -> [Int] {
    var result: [Int] = []
    for element in try elements(value, what) {
      guard case .int(let number) = element else {
        throw FormatError("\(what) holds \(element.kind), not an integer of 64 bits")
      }
      result.append(number)
    }
    return result
  }

  /// Metadata say, as `neg`, that a view's numbers are the negative ones of its storage.
  private func checkMetadata(_ arguments: [PickleValue]) throws(FormatError) {
    guard arguments.count == 7, case .dictionary(let place) = arguments[6],
      let first = heap[place].first
    else { return }
    let name = if case .string(let key) = first { quoted(key) } else { first.kind }
    throw FormatError(
      "a tensor has metadata, \(name), by which its numbers may be others than its storage's",
      hint: "write its numbers out in Python before it is saved: tensor.resolve_neg()")
  }

  /// Checks a view against its storage before anything is read or allocated.
  private mutating func tensor(_ arguments: [PickleValue]) throws(FormatError) -> PickleValue {
    try checkMetadata(arguments)
    guard case .storage(let index) = arguments[0] else {
      throw FormatError("a tensor is made of \(arguments[0].kind), not a storage")
    }
    let storage = torch.storages[index]
    guard case .int(let offset) = arguments[1], offset >= 0 else {
      throw FormatError("a tensor's offset in storage \(quoted(storage.key)) is no count")
    }
    let shape = try storage.type.shape(try integers(arguments[2], "a tensor's size"))
    let strides = try integers(arguments[3], "a tensor's stride")
    guard strides.count == shape.rank, strides.allSatisfy({ $0 >= 0 }) else {
      throw FormatError("a tensor of shape \(shape) has the strides \(strides)")
    }
    guard let reach = StridedElements.reach(offset: offset, shape: shape, strides: strides),
      reach <= storage.count
    else {
      throw FormatError(
        "a tensor of shape \(shape), strides \(strides) and offset \(offset) reaches past its"
          + " storage \(quoted(storage.key)) of \(storage.count) elements")
    }
    hold(TorchObjects.recordCost + 2 * shape.rank)
    torch.tensors.append(
      TorchObjects.Tensor(storage: index, offset: offset, shape: shape, strides: strides))
    return .tensor(torch.tensors.count - 1)
  }

  /// The storage that a persistent id names:
  /// `("storage", type, key, location, numel[, None or (view key, offset, numel)])`.
  mutating func persistent(_ id: PickleValue) throws(FormatError) -> PickleValue {
    let parts = try elements(id, "a persistent id")
    guard parts.count == 5 || parts.count == 6, case .string("storage") = parts[0],
      case .global(let typeName) = parts[1], case .string(let key) = parts[2],
      case .string = parts[3], case .int(let count) = parts[4], count >= 0,
      let last = typeName.split(separator: ".").last,
      let type = TorchObjects.storageTypes[String(last)], count.times(type.byteCount) != nil
    else { throw FormatError("a persistent id does not describe a storage") }
    var (offset, viewCount) = (0, count)
    if parts.count == 6, case .tuple = parts[5] {
      let view = try elements(parts[5], "a storage's view")
      guard view.count == 3, case .int(let start) = view[1], case .int(let length) = view[2],
        start >= 0, length >= 0, let end = start.plus(length), end <= count
      else { throw FormatError("a view of storage \(quoted(key)) does not lie within it") }
      (offset, viewCount) = (start, length)
    }
    if let known = torch.storageOfKey[key] {
      guard torch.storages[known].type == type, torch.storages[known].wholeCount == count else {
        throw FormatError("storage \(quoted(key)) is described in two ways")
      }
      if torch.storages[known].offset == offset, torch.storages[known].count == viewCount {
        return .storage(known)
      }
    } else {
      torch.storageOfKey[key] = torch.storages.count
    }
    hold(TorchObjects.recordCost)
    torch.storages.append(
      TorchObjects.Storage(
        key: key, type: type, wholeCount: count, offset: offset, count: viewCount))
    return .storage(torch.storages.count - 1)
  }
}
