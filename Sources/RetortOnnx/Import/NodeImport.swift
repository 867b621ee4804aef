import RetortFormats
import RetortIR
import RetortOps
import RetortPasses
import RetortTensor

/// One node on its way into the graph: its attributes and inputs, and the operations that a
/// translation may apply.
///
/// It keeps what a translation has looked at, so that what is left over can be refused: an attribute
/// that nobody reads would change the meaning in silence.
final class NodeImport {
  let node: OnnxNode
  /// The version of the operator set that the node is written in.
  let opset: Int64
  let importer: GraphImporter
  let scope: ImportScope
  private let operands: [Operand?]
  private var readInputs: Set<Int> = []
  private var readAttributes: Set<String> = []

  init(
    _ node: OnnxNode, opset: Int64, operands: [Operand?], importer: GraphImporter,
    scope: ImportScope
  ) {
    self.node = node
    self.opset = opset
    self.operands = operands
    self.importer = importer
    self.scope = scope
  }

  // MARK: inputs

  var inputCount: Int { operands.count }

  /// An input that must be given.
  func input(_ index: Int) throws -> Operand {
    guard let operand = optional(index) else {
      throw ImportFailure("its input \(index) is missing")
    }
    return operand
  }

  /// An input that may be left out.
  func optional(_ index: Int) -> Operand? {
    readInputs.insert(index)
    return index < operands.count ? operands[index] : nil
  }

  /// All inputs of an operator that takes any number, at least one.
  func inputs() throws -> [Operand] {
    guard inputCount > 0 else { throw ImportFailure("it has no input") }
    return try (0..<inputCount).map { try input($0) }
  }

  /// An input whose value makes shapes, and so must be known while importing.
  func knownInput(_ index: Int, _ role: String) throws -> HostTensor? {
    guard let operand = optional(index) else { return nil }
    return try known(operand, role)
  }

  func known(_ operand: Operand, _ role: String) throws -> HostTensor {
    guard let tensor = importer.tensor(of: operand) else {
      importer.failedOnShape = true
      throw ImportFailure(
        "its \(role) depends on the model's inputs, so shapes are not static",
        hint: "fix the inputs' extents with --set, or make it a constant of the model")
    }
    return tensor
  }

  /// A known input as integers.
  func integersInput(_ index: Int, _ role: String) throws -> [Int]? {
    guard let tensor = try knownInput(index, role) else { return nil }
    return try Self.integers(tensor, role)
  }

  static func integers(_ tensor: HostTensor, _ role: String) throws -> [Int] {
    guard tensor.type.element.isInteger || tensor.type.element == .bool else {
      throw ImportFailure("its \(role) is \(tensor.type), where integers are expected")
    }
    return tensor.converted(to: .i64).elements(as: Int64.self).map { Int($0) }
  }

  /// A known input of one element.
  func scalarInput(_ index: Int, _ role: String) throws -> Double? {
    guard let tensor = try knownInput(index, role) else { return nil }
    guard tensor.elementCount == 1 else {
      throw ImportFailure("its \(role) is \(tensor.type), where one number is expected")
    }
    return tensor.doubles[0]
  }

  // MARK: attributes

  private func attribute(_ name: String, _ kind: OnnxAttribute.Kind) throws -> OnnxAttribute? {
    readAttributes.insert(name)
    guard let attribute = node.attributes.first(where: { $0.name == name }) else { return nil }
    // Old writers leave the type out; the value then tells.
    guard attribute.type == kind.rawValue || attribute.type == 0 else {
      throw ImportFailure(
        "its attribute '\(name)' should be of the kind '\(kind)', but is of kind"
          + " \(OnnxAttribute.Kind(rawValue: attribute.type).map { "'\($0)'" } ?? "\(attribute.type)")"
      )
    }
    return attribute
  }

  private func value<T>(_ name: String, _ value: T?) throws -> T {
    guard let value else { throw ImportFailure("its attribute '\(name)' has no value") }
    return value
  }

  func integer(_ name: String) throws -> Int? {
    try attribute(name, .integer).map { Int(try value(name, $0.integer)) }
  }

  func integer(_ name: String, default fallback: Int) throws -> Int {
    try integer(name) ?? fallback
  }

  func flag(_ name: String, default fallback: Bool) throws -> Bool {
    try integer(name).map { $0 != 0 } ?? fallback
  }

  func integers(_ name: String) throws -> [Int]? {
    try attribute(name, .integers).map { $0.integers.map { Int($0) } }
  }

  func float(_ name: String) throws -> Double? {
    try attribute(name, .float).map { Self.double(try value(name, $0.float)) }
  }

  func float(_ name: String, default fallback: Double) throws -> Double {
    try float(name) ?? fallback
  }

  func floats(_ name: String) throws -> [Double]? {
    try attribute(name, .floats).map { $0.floats.map(Self.double) }
  }

  /// The number that was meant: 1e-5, not the float's 9.99999974737875e-06. As a float both are one.
  static func double(_ float: Float) -> Double { Double(float.description) ?? Double(float) }

  func text(_ name: String) throws -> String? {
    try attribute(name, .text).map { String(decoding: try value(name, $0.text), as: UTF8.self) }
  }

  /// One of a closed list of words; the first is the default.
  func choice(_ name: String, _ words: [String]) throws -> String {
    let word = try text(name) ?? words[0]
    guard words.contains(word) else {
      throw ImportFailure(
        "its attribute '\(name)' is '\(word)'",
        hint: "understood: \(words.joined(separator: ", "))")
    }
    return word
  }

  func tensor(_ name: String) throws -> HostTensor? {
    guard let attribute = try attribute(name, .tensor) else { return nil }
    return try importer.tensor(try value(name, attribute.tensor))
  }

  func graph(_ name: String) throws -> OnnxGraph {
    guard let graph = try attribute(name, .graph)?.graph.first else {
      throw ImportFailure("its attribute '\(name)' is missing")
    }
    return graph
  }

  /// Marks attributes and inputs whose value makes no difference here.
  func ignore(attributes: [String] = [], inputs: [Int] = []) {
    readAttributes.formUnion(attributes)
    readInputs.formUnion(inputs)
  }

  /// Throws for whatever the translation did not look at.
  func checkAllRead() throws {
    for attribute in node.attributes where !readAttributes.contains(attribute.name) {
      throw ImportFailure("its attribute '\(attribute.name)' is not understood")
    }
    for index in operands.indices where operands[index] != nil && !readInputs.contains(index) {
      throw ImportFailure("its input \(index), '\(node.inputs[index])', is not understood")
    }
  }

  // MARK: types

  /// Tensors of more axes than a graph's are refused on the way: what is imported is read back.
  func checkRank(_ rank: Int) throws {
    guard rank <= Shape.rankLimit else {
      throw ImportFailure("it makes a tensor of \(rank) axes, more than \(Shape.rankLimit)")
    }
  }

  func type(of operand: Operand) -> TensorType {
    switch operand {
    case .value(let value): importer.state.builder.type(of: value)
    case .known(let known): known.tensor.type
    }
  }

  func shape(of operand: Operand) -> [Int] { type(of: operand).shape.extents }
  func element(of operand: Operand) -> ElementType { type(of: operand).element }
  func rank(of operand: Operand) -> Int { type(of: operand).rank }

  /// An axis that may count from the end, as one of `0..<rank`.
  func axis(_ axis: Int, rank: Int) throws -> Int {
    let counted = axis < 0 ? axis &+ rank : axis
    guard counted >= 0, counted < rank else {
      throw ImportFailure("its axis \(axis) is outside a tensor of rank \(rank)")
    }
    return counted
  }

  func axes(_ axes: [Int], rank: Int) throws -> [Int] {
    var result: [Int] = []
    var taken = Set<Int>()
    for each in axes {
      let counted = try axis(each, rank: rank)
      guard taken.insert(counted).inserted else {
        throw ImportFailure("its axes \(axes) name one axis twice")
      }
      result.append(counted)
    }
    return result
  }
}
