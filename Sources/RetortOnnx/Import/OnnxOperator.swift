/// An operator of ONNX that is imported: its name, the versions that are understood, and how a node
/// of it becomes nodes of the graph.
struct OnnxOperator: Sendable {
  let name: String
  /// The version of the operator set that brought it, if that is above the oldest one read.
  let since: Int64
  /// What of it is not understood, for the documentation; empty where all is.
  let limits: String
  /// Gives the node's outputs in order; nil for one that is not computed. Whatever attribute or
  /// input it does not look at counts as not understood.
  let translate: @Sendable (NodeImport) throws -> [Operand?]

  init(
    _ name: String, since: Int64 = 1, limits: String = "",
    _ translate: @escaping @Sendable (NodeImport) throws -> [Operand?]
  ) {
    self.name = name
    self.since = since
    self.limits = limits
    self.translate = translate
  }

  /// An operator with one output.
  static func one(
    _ name: String, since: Int64 = 1, limits: String = "",
    _ translate: @escaping @Sendable (NodeImport) throws -> Operand
  ) -> OnnxOperator {
    OnnxOperator(name, since: since, limits: limits) { [try translate($0)] }
  }

  /// Every operator that is imported, by families.
  static let families: [(title: String, operators: [OnnxOperator])] = [
    ("Elementwise", elementwise), ("Activations", activations),
    ("Comparison and logic", comparisons),
    ("Reductions and sorting", reductions), ("Constants and shapes", constants),
    ("Shaping", shaping), ("Indexing", indexing), ("Products", products),
    ("Convolution", convolutions), ("Pooling", poolings), ("Normalisation", normalisations),
    ("Resizing", resizings), ("Sampling", samplings), ("Attention", attentions),
    ("Control flow", controlFlow),
  ]

  static let byName: [String: OnnxOperator] = Dictionary(
    uniqueKeysWithValues: families.flatMap(\.operators).map { ($0.name, $0) })
}
