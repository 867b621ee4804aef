import RetortFormats
import RetortIR
import RetortKernels
import RetortTensor
import RetortText

/// Named tensors from weight files, and their binding to a graph's parameters and buffers.
package struct Weights: Sendable {
  private struct Entry {
    let tensor: HostTensor
    let file: String
  }

  /// Names in the order of the files; a later file replaces an earlier one's tensor.
  package private(set) var names: [String] = []
  private var entries: [String: Entry] = [:]

  package init() {}

  /// - Parameter files: each as `WeightFile` reads it.
  package init(reading files: [String]) throws(Diagnostics) {
    for file in files.map(WeightFile.init) {
      for stored in try TensorFile.read(file.path) {
        insert(file.name(stored.name), stored.tensor, from: file.path)
      }
    }
  }

  /// - Parameter source: what messages name as the tensors' file.
  package init(_ tensors: [(name: String, tensor: HostTensor)], from source: String) {
    for (name, tensor) in tensors { insert(name, tensor, from: source) }
  }

  package mutating func insert(_ name: String, _ tensor: HostTensor, from file: String) {
    if entries.updateValue(Entry(tensor: tensor, file: file), forKey: name) == nil {
      names.append(name)
    }
  }

  package var isEmpty: Bool { names.isEmpty }

  /// These with the tensors of others in place of those of the same names.
  package func replaced(by others: Weights) -> Weights {
    var result = self
    for name in others.names {
      let entry = others.entries[name]!
      result.insert(name, entry.tensor, from: entry.file)
    }
    return result
  }

  /// The tensors that a graph's weights bind to, by the graph's names.
  package struct Binding: Sendable {
    package var tensors: [String: HostTensor] = [:]
    /// Names in the files that nothing in the graph asks for.
    package var unused: [String] = []
    /// Names in the files whose tensors are no reals, but bound to some.
    package var whole: [String] = []

    /// Tells of the latter, which are a quantised network's or another one's.
    package var conversionNotes: [Diagnostic] {
      guard !whole.isEmpty else { return [] }
      let (them, are) = whole.count == 1 ? ("tensor holds", "is") : ("tensors hold", "are")
      return [
        .note(
          "\(whole.count) \(them) integers or bool and \(are) taken as real weights:"
            + " \(Weights.listing(whole))")
      ]
    }

    /// Tells of both.
    package var notes: [Diagnostic] { conversionNotes + Weights.note(unused: unused) }
  }

  /// Looks every parameter and buffer up: by its exact name, then without a leading `module.`, then
  /// without a leading `model.` in the file's names. Half precision is widened.
  ///
  /// - Throws: one diagnostic for all that is missing, one for all whose shape differs, and one for
  ///   each tensor whose elements are of another kind, or NaN or infinite.
  /// - Parameter allowingMissing: whether weights that are in no file are simply left out.
  package func bind(
    to graph: Graph, allowingMissing: Bool = false
  ) throws(Diagnostics) -> Binding {
    let aliases = aliasTable
    var binding = Binding()
    var problems: [Diagnostic] = []
    var missing: [String] = []
    var misfits: [Misfit] = []
    var used = Set<String>()
    for input in graph.inputs where input.role.isWeight {
      guard let name = entries[input.name] != nil ? input.name : aliases[input.name] else {
        missing.append(input.name)
        continue
      }
      used.insert(name)
      let type = graph.type(of: input.value)
      guard entries[name]!.tensor.type.shape == type.shape else {
        misfits.append(Misfit(name: name, wanted: input.name, type: type))
        continue
      }
      if let tensor = converted(name, as: type, &problems) {
        binding.tensors[input.name] = tensor
        if type.element.isReal, !entries[name]!.tensor.type.element.isReal {
          binding.whole.append(name)
        }
      }
    }
    if let first = misfits.first { problems.append(diagnostic(first, of: misfits.count)) }
    if !missing.isEmpty, !allowingMissing { problems.append(missingDiagnostic(missing)) }
    if !problems.isEmpty { throw Diagnostics(problems) }
    // PyTorch's counter of training steps is in every checkpoint and in no formula.
    binding.unused = names.filter {
      !used.contains($0) && !$0.hasSuffix(".num_batches_tracked")
    }
    return binding
  }

  /// Tells of tensors that nothing asks for.
  package static func note(unused names: [String]) -> [Diagnostic] {
    guard !names.isEmpty else { return [] }
    return [.note("\(names.count) tensors of the weight files are not used: \(listing(names))")]
  }

  private static func listing(_ names: [String]) -> String {
    names.prefix(4).map { "'\($0)'" }.joined(separator: ", ")
      + (names.count > 4 ? " and \(names.count - 4) more" : "")
  }

  /// What the graph's names may be called in the files, exact names first.
  private var aliasTable: [String: String] {
    var table: [String: String] = [:]
    for prefixes in [["module."], ["model."], ["module.", "model."]] {
      for name in names {
        var rest = name[...]
        var matches = true
        for prefix in prefixes {
          if rest.hasPrefix(prefix) { rest = rest.dropFirst(prefix.count) } else { matches = false }
        }
        if matches, table[String(rest)] == nil { table[String(rest)] = name }
      }
    }
    return table
  }

  /// A tensor of another shape than the graph's.
  private struct Misfit {
    let name: String
    let wanted: String
    let type: TensorType
  }

  private func diagnostic(_ first: Misfit, of count: Int) -> Diagnostic {
    let entry = entries[first.name]!
    let rest = count == 1 ? "" : "; \(count - 1) more of other shapes"
    return Diagnostic(
      .error,
      "'\(first.name)' is \(entry.tensor.type), but the definition expects \(first.type) for "
        + "'\(first.wanted)'\(rest)",
      path: entry.file,
      hint: "check the compile-time arguments (--set) that the weights were trained with")
  }

  private func converted(
    _ name: String, as type: TensorType, _ problems: inout [Diagnostic]
  ) -> HostTensor? {
    let entry = entries[name]!
    let tensor: HostTensor
    do {
      tensor = try entry.tensor.fitted(to: type.element)
    } catch {
      let stored = entry.tensor.type.element.rawValue
      problems.append(
        Diagnostic(
          .error,
          "'\(name)' holds \(stored)\(error == .range ? " past the range of" : ", not")"
            + " \(type.element.rawValue)",
          path: entry.file, hint: "convert the file's element type"))
      return nil
    }
    if type.element.isReal, let index = tensor.doubles.firstIndex(where: { !$0.isFinite }) {
      problems.append(
        Diagnostic(
          .error, "'\(name)' holds \(tensor.doubles[index]) at element \(index)", path: entry.file,
          hint: "weights must be finite; train or export them again"))
      return nil
    }
    return tensor
  }

  private func missingDiagnostic(_ missing: [String]) -> Diagnostic {
    let shown = missing.prefix(6).map { "'\($0)'" }.joined(separator: ", ")
    let rest = missing.count > 6 ? " and \(missing.count - 6) more" : ""
    let files = Set(entries.values.map(\.file)).sorted()
    let message =
      files.isEmpty
      ? "no weights are given for \(shown)\(rest)"
      : "\(files.joined(separator: ", ")): no tensor for \(shown)\(rest)"
    let nearest = Suggestion.nearest(to: missing[0], in: names)
    let hint =
      files.isEmpty
      ? "name their file with --weights FILE"
      : nearest.map { "the nearest name in the file is '\($0)'" }
        ?? "'retort inspect FILE' lists a file's names; several --weights may be given"
    return Diagnostic(.error, message, hint: hint)
  }

  /// Fresh weights as the definition's `init` says; what has no `init` is missing.
  ///
  /// Each tensor is drawn from its own key, folded from the seed and the name, so that adding a
  /// parameter changes no other.
  package static func initial(
    for graph: Graph, seed: UInt64, except given: Set<String> = []
  ) throws(Diagnostics) -> [String: HostTensor] {
    var tensors: [String: HostTensor] = [:]
    for input in graph.inputs where input.role.isWeight && !given.contains(input.name) {
      let initialiser: Initialiser?
      switch input.role {
      case .parameter(let value), .buffer(let value): initialiser = value
      case .input: initialiser = nil
      }
      guard let initialiser else {
        throw Diagnostics(
          "'\(input.name)' has no 'init', so training cannot start without it",
          hint:
            "give its weights with --weights FILE, or write 'init normal(0.05)' in the definition")
      }
      tensors[input.name] = draw(
        initialiser, graph.type(of: input.value), RandomKeys.named(input.name, seed: seed))
    }
    return tensors
  }

  private static func draw(_ initialiser: Initialiser, _ type: TensorType, _ key: Key)
    -> HostTensor
  {
    let values: [Double]
    switch initialiser {
    case .fill(let value):
      values = [Double](repeating: value, count: type.elementCount)
    case .normal(let deviation):
      values = (0..<type.elementCount).map { deviation * RandomKeys.normal(key, $0) }
    case .uniform(let bound):
      values = (0..<type.elementCount).map { bound * (2 * RandomKeys.uniform(key, $0) - 1) }
    }
    return HostTensor(type.shape, values).converted(to: type.element)
  }
}
