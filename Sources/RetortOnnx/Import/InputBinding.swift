import RetortFormats
import RetortIR
import RetortTensor
import RetortText

/// The types of a model's inputs, with every extent bound.
struct InputBinding {
  private struct Input {
    let name: String
    let element: ElementType
    /// A number, or the name that binds it.
    let extents: [Extent]
  }

  private enum Extent {
    case fixed(Int)
    case symbol(String)
  }

  private let path: String
  private let inputs: [Input]
  /// What the graph calls each input: the language's spelling, numbered where two are spelt alike.
  let names: [String]
  /// Names of extents in the order of the inputs, with the input that has them first.
  private let symbols: [(name: String, input: String)]

  /// - Throws: for an input that is no tensor, or of a type or rank that is not known.
  init(_ values: [OnnxValue], path: String) throws(Diagnostics) {
    self.path = path
    var inputs: [Input] = []
    for value in values {
      guard let tensor = value.type?.tensor else {
        throw Diagnostics(
          "input '\(value.name)' is a sequence, a map or optional, where a tensor is expected",
          path: path)
      }
      let element: ElementType
      do throws(FormatError) {
        element = try OnnxElement(number: tensor.element).element
      } catch {
        throw Diagnostics("input '\(value.name)' \(error.message)", path: path, hint: error.hint)
      }
      guard let shape = tensor.shape else {
        throw Diagnostics(
          "input '\(value.name)' has no shape", path: path,
          hint: "export the model with shapes, or run onnx.shape_inference over it")
      }
      guard shape.dimensions.count <= Shape.rankLimit else {
        throw Diagnostics(
          "input '\(value.name)' has \(shape.dimensions.count) axes, more than the"
            + " \(Shape.rankLimit) that are read", path: path)
      }
      var extents: [Extent] = []
      for (axis, dimension) in shape.dimensions.enumerated() {
        if let extent = dimension.extent {
          guard extent >= 0, extent <= Int64(Int32.max) else {
            throw Diagnostics(
              "input '\(value.name)' has the extent \(extent) on axis \(axis)", path: path)
          }
          extents.append(.fixed(Int(extent)))
        } else {
          let symbol = dimension.symbol ?? ""
          extents.append(.symbol(symbol.isEmpty ? "\(value.name).\(axis)" : symbol))
        }
      }
      inputs.append(
        Input(
          name: value.name,
          // Half precision is computed with as f32.
          element: element == .f16 || element == .bf16 ? .f32 : element, extents: extents))
    }
    self.inputs = inputs
    var unique = NameTable()
    names = inputs.map { unique.claim(OnnxNames.identifier($0.name)) }
    var (known, symbols) = (Set<String>(), [(name: String, input: String)]())
    for input in inputs {
      for case .symbol(let name) in input.extents where known.insert(name).inserted {
        symbols.append((name, input.name))
      }
    }
    self.symbols = symbols
  }

  /// The inputs with those extents that the model fixes.
  var declared: [(name: String, extents: [Int?])] {
    zip(names, inputs).map { name, input in
      let extents = input.extents.map { extent -> Int? in
        guard case .fixed(let number) = extent else { return nil }
        return number
      }
      return (name, extents)
    }
  }

  /// - Parameters:
  ///   - settings: extents by name.
  ///   - given: the types of files by the inputs' names.
  func types(
    _ settings: [String: String], _ given: [String: TensorType]
  ) throws(Diagnostics) -> [TensorType] {
    var bound: [String: (extent: Int, by: String)] = [:]
    let symbolNames = Set(symbols.map(\.name))
    for name in settings.keys.sorted() {
      let text = settings[name]!
      guard symbolNames.contains(name) else {
        throw Diagnostics(
          "no input has an extent named '\(name)'", path: path,
          hint: Suggestion.hint(for: name, in: symbols.map(\.name))
            ?? "the extents of its inputs are all fixed")
      }
      guard let extent = Int(text), (0...Int(Int32.max)).contains(extent) else {
        throw Diagnostics(
          "an extent is a whole number of at least 0", path: "--set \(name)=\(text)")
      }
      bound[name] = (extent, "--set")
    }
    let places = Dictionary(uniqueKeysWithValues: zip(names, inputs))
    for name in given.keys.sorted() {
      guard let input = places[name] else {
        throw Diagnostics(
          "has no input '\(name)'", path: path,
          hint: Suggestion.hint(for: name, in: inputs.map(\.name)))
      }
      try bind(input, name, to: given[name]!, &bound)
    }
    try checkAllBound(symbols, bound)
    var types: [TensorType] = []
    for input in inputs {
      let extents = input.extents.map { extent in
        switch extent {
        case .fixed(let number): number
        case .symbol(let name): bound[name]!.extent
        }
      }
      guard let shape = Shape.checked(extents) else {
        throw Diagnostics(
          "input '\(input.name)' has the shape \(Shape(extents)), which no memory holds",
          path: path)
      }
      types.append(TensorType(input.element, shape))
    }
    return types
  }

  private func bind(
    _ input: Input, _ name: String, to type: TensorType,
    _ bound: inout [String: (extent: Int, by: String)]
  ) throws(Diagnostics) {
    let extents = type.shape.extents
    func mismatch(_ detail: String) -> Diagnostics {
      Diagnostics(
        "'\(name)' of \(path) is \(spelling(input)), but the file holds \(type)\(detail)",
        input: name)
    }
    guard extents.count == input.extents.count else { throw mismatch("") }
    for (extent, own) in zip(extents, input.extents) {
      switch own {
      case .fixed(let number):
        guard number == extent else { throw mismatch("") }
      case .symbol(let symbol):
        if let other = bound[symbol], other.extent != extent {
          throw mismatch(", and '\(symbol)' is \(other.extent) by \(other.by)")
        }
        bound[symbol] = (extent, "input '\(input.name)'")
      }
    }
  }

  private func spelling(_ input: Input) -> String {
    let extents = input.extents.map { extent in
      switch extent {
      case .fixed(let number): String(number)
      case .symbol(let name): name
      }
    }
    return "\(input.element)[\(extents.joined(separator: ", "))]"
  }

  private func checkAllBound(
    _ symbols: [(name: String, input: String)], _ bound: [String: (extent: Int, by: String)]
  ) throws(Diagnostics) {
    let open = symbols.filter { bound[$0.name] == nil }
    guard !open.isEmpty else { return }
    let list = open.map { "'\($0.name)' of input '\($0.input)'" }.joined(separator: ", ")
    throw Diagnostics(
      "\(open.count == 1 ? "an extent is" : "extents are") open: \(list)", path: path,
      hint: "bind them: " + open.map { "--set \($0.name)=1" }.joined(separator: " "))
  }
}
