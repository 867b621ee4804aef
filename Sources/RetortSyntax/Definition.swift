import RetortIR
import RetortTensor
import RetortText

/// A file's graphs and all that it imports, as written.
package struct Definition: Sendable {
  package internal(set) var files: [SourceFile]
  package internal(set) var graphs: [String: GraphSyntax]
  /// The names of the first file's own graphs, as they stand in it.
  package let entryOrder: [String]
  /// Knows the library's folders, for graphs that settings name.
  var loader: Loader

  /// Takes over what its loader has read since.
  mutating func takeLoaded() {
    graphs = loader.graphs
    files = loader.files
  }

  /// One argument of a graph, for help and error messages.
  package struct Argument: Sendable {
    package let name: String
    /// `Int`, `[Graph]`, `f32[n, 3, 32, 32]`, as written.
    package let kind: String
    package let defaultValue: String?
    /// Nil for a tensor.
    package let valueKind: ValueKind?
    /// A tensor's extents, each nil where the compiler binds it; so is a rest, for however many it
    /// stands. Nil for what is no tensor.
    package let extents: [Int?]?

    package var isTensor: Bool { valueKind == nil }
  }

  /// One graph that can be the entry.
  package struct Entry: Sendable {
    package let name: String
    package let arguments: [Argument]
    package let results: [(name: String, type: String)]

    /// `halve(x: f32[n], steps: Int = 3) -> (last: f32[n])`
    package var signature: String {
      let list = arguments.map { argument in
        "\(argument.name): \(argument.kind)" + (argument.defaultValue.map { " = \($0)" } ?? "")
      }
      let outputs = results.map { "\($0.name): \($0.type)" }.joined(separator: ", ")
      return "\(name)(\(list.joined(separator: ", ")))"
        + (results.isEmpty ? "" : " -> (\(outputs))")
    }
  }

  /// The first file's graphs.
  package var entries: [Entry] { entryOrder.compactMap { graphs[$0] }.map(Self.entry) }

  /// The graph that a setting stands for, by its name or its file; nil for a name that there is not,
  /// and for what is neither.
  package func graph(of setting: SettingSyntax) throws(Diagnostics) -> Entry? {
    var loader = loader
    let name: String
    switch setting {
    case .name(let known) where graphs[known] != nil: name = known
    case .name(let model):
      guard try loader.loadModel(model) else { return nil }
      name = model
    case .file(let path): name = try loader.loadFirst(path)
    case .expression, .text, .list: return nil
    }
    return loader.graphs[name].map(Self.entry)
  }

  static func entry(_ graph: GraphSyntax) -> Entry {
    Entry(
      name: graph.name.text,
      arguments: graph.arguments.map { argument in
        Argument(
          name: argument.name.text, kind: argument.type.range.text,
          defaultValue: argument.defaultValue?.range.text, valueKind: argument.type.valueKind,
          extents: argument.type.extents)
      },
      results: graph.results.map { ($0.name, $0.type.range.text) })
  }

  /// The entry graph with every call inlined and every shape known.
  ///
  /// - Parameters:
  ///   - entry: the graph's name; the first file's first graph if nil.
  ///   - limits: nil for those that go with the length of the text.
  /// - Throws: what is wrong with the definition or the settings.
  package func elaborate(
    entry: String? = nil, settings: Settings = Settings(), catalog: OpCatalog,
    limits: Limits? = nil
  ) throws(Diagnostics) -> Elaboration {
    let graph = try entryGraph(entry)
    let byteCount = files.reduce(0) { $0 + $1.bytes.count }
    let elaborator = Elaborator(
      self, catalog, limits ?? Limits(byteCount: byteCount), entry: graph)
    return try elaborator.elaborate(settings)
  }

  private func entryGraph(_ name: String?) throws(Diagnostics) -> GraphSyntax {
    guard let name else {
      guard let first = entryOrder.first, let graph = graphs[first] else {
        throw Diagnostics("the file has no graph", path: files.first?.path)
      }
      return graph
    }
    guard let graph = graphs[name] else {
      throw Diagnostics(
        "there is no graph '\(name)'", path: files.first?.path,
        hint: Suggestion.hint(for: name, in: entryOrder))
    }
    return graph
  }
}

/// What elaboration gives.
package struct Elaboration: Sendable {
  package let graph: Graph
  /// What was taken for granted: dimensions that nothing bound.
  package let notes: [Diagnostic]
  /// The entry's arguments of type Int and Float, as settings and defaults bind them.
  package let numbers: [String: Double]
}

/// What a user fixes from outside.
package struct Settings: Sendable {
  /// `--set NAME=VALUE`, as text: `32`, `16/255`, `true`, `name`, `a,b` or `[1, 2]`.
  package var values: [String: String]
  /// The types of tensors that are given as inputs; they bind dimensions.
  package var inputTypes: [String: TensorType]
  /// Whether tensors that are not given have their defaults. Else an input stays one whether it has a
  /// default or not.
  package var bindsDefaults: Bool

  package init(
    values: [String: String] = [:], inputTypes: [String: TensorType] = [:],
    bindsDefaults: Bool = false
  ) {
    self.values = values
    self.inputTypes = inputTypes
    self.bindsDefaults = bindsDefaults
  }
}

extension SourceRange {
  /// The text that stands there, on one line.
  var text: String {
    file.text(offsets).split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  /// The text as a message quotes it: the beginning of a long one.
  var quotation: String {
    let text = self.text
    return text.count <= 80 ? text : String(text.prefix(80)) + "…"
  }
}

extension TypeSyntax {
  /// Nil for a tensor.
  var valueKind: ValueKind? {
    if case .value(let kind) = kind { kind } else { nil }
  }

  var isTensor: Bool { valueKind == nil }

  /// Those that are written as numbers; nil for what is no tensor.
  fileprivate var extents: [Int?]? {
    guard case .tensor(_, let dimensions) = kind else { return nil }
    return dimensions.map {
      if case .extent(let expression) = $0, case .integer(let extent) = expression.kind {
        extent
      } else {
        nil
      }
    }
  }
}
