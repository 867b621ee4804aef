import RetortIR
import RetortTensor
import RetortText

/// Why a tensor's elements cannot become those of another type.
enum ElementMisfit: Error {
  /// Reals for integers, or keys for numbers.
  case kind
  /// An integer that the other type does not hold.
  case range
}

extension HostTensor {
  /// With elements of another type that hold what these are: reals are rounded, integers become
  /// reals or fit.
  func fitted(to element: ElementType) throws(ElementMisfit) -> HostTensor {
    let own = type.element
    if own == element { return self }
    guard element.isReal && own != .key || element.isInteger && own.isInteger else { throw .kind }
    let converted = converted(to: element)
    if element.isInteger, converted.converted(to: own) != self { throw .range }
    return converted
  }
}

extension Graph {
  /// The inputs with keys filled in and element types converted: reals are rounded to the graph's,
  /// integers must fit.
  func completed(_ inputs: [String: HostTensor], seed: UInt64) throws -> [String: HostTensor] {
    var complete: [String: HostTensor] = [:]
    let arguments = self.inputs.filter { $0.role == .input }
    for (name, _) in inputs where !arguments.contains(where: { $0.name == name }) {
      throw Diagnostics(
        "'\(self.name)' has no input '\(name)'", input: name,
        hint: Suggestion.hint(for: name, in: arguments.map(\.name)))
    }
    for argument in arguments {
      let type = type(of: argument.value)
      if let given = inputs[argument.name] {
        complete[argument.name] = try Self.fit(given, to: type, name: argument.name)
      } else if type.element == .key {
        complete[argument.name] = RandomKeys.input(type.shape, seed: seed)
      } else {
        throw Diagnostics(
          "input '\(argument.name)' (\(type)) is not given", input: argument.name)
      }
    }
    return complete
  }

  private static func fit(
    _ tensor: HostTensor, to type: TensorType, name: String
  ) throws(Diagnostics) -> HostTensor {
    if type.element == .key, tensor.type.keysInWords == type { return tensor.keysInWords! }
    let isKey = type.element == .key
    guard tensor.shape == type.shape, !isKey || tensor.type.element == .key else {
      throw Diagnostics(
        "'\(name)' is \(type), but \(tensor.type) is given", input: name,
        hint: isKey
          ? TensorType.keyLayout
          : "shapes are fixed when a graph is compiled: compile it again with --set for others")
    }
    do {
      return try tensor.fitted(to: type.element)
    } catch {
      switch error {
      case .kind:
        throw Diagnostics(
          "'\(name)' is \(type), but \(tensor.type.element.rawValue) is given",
          input: name, hint: "convert the file's element type")
      case .range:
        throw Diagnostics(
          "'\(name)' is \(type), but integers beyond that are given",
          input: name,
          hint: "give integers within the range of \(type.element.rawValue)")
      }
    }
  }
}
