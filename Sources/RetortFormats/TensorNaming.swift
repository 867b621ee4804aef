/// How the way through a file becomes the name that a graph's parameters are matched with.
enum TensorNaming {
  /// Dictionaries around a model's state that are no part of its names.
  private static let wrappers: Set<String> = [
    "state_dict", "net", "model", "model_state_dict", "ema", "ssl_model",
  ]

  /// The path without enclosing wrappers (and list places just inside them), joined by dots,
  /// without the prefix `module.`.
  static func name(_ path: [PathStep]) -> String {
    var rest = path[...]
    while rest.count > 1, case .key(let key) = rest.first, wrappers.contains(key) {
      rest = rest.dropFirst()
      while rest.count > 1, case .position = rest.first { rest = rest.dropFirst() }
    }
    let name = rest.map(\.text).joined(separator: ".")
    return name.hasPrefix("module.") ? String(name.dropFirst(7)) : name
  }

  /// Whether a tensor is kept for training on rather than being the model's: it lies under an
  /// optimiser, a schedule or a gradient scaler.
  static func isOfTraining(_ path: [PathStep]) -> Bool {
    path.dropLast().contains { step in
      guard case .key(let key) = step else { return false }
      let word = key.lowercased()
      return ["optim", "sched", "scaler"].contains { word.contains($0) } || word == "opt"
    }
  }

  /// Gives every tensor its name. Of two that would share one (`state_dict` and `ema` in one
  /// file) the later keeps its whole path.
  static func assign(_ tensors: [StoredTensor]) throws(FormatError) -> [StoredTensor] {
    var names = Set<String>()
    var result = tensors
    for index in result.indices {
      let whole = result[index].path.map(\.text).joined(separator: ".")
      let short = result[index].path.isEmpty ? result[index].name : name(result[index].path)
      result[index].name = names.contains(short) ? whole : short
      guard names.insert(result[index].name).inserted else {
        throw FormatError("holds two tensors named \(quoted(whole))")
      }
    }
    return result
  }
}
