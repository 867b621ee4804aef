import RetortIR
import RetortTensor
import RetortText

/// One argument of a call, evaluated.
struct Argument {
  let label: Identifier?
  let datum: Datum
  let range: SourceRange
}

extension Elaborator {
  private enum Callee {
    case graph(GraphSyntax, bound: [String: Datum])
    case operation(any TensorOp.Type)
    case function(Function)
  }

  /// A call of a graph, an operation or a compile-time function.
  func call(_ syntax: CallSyntax, at range: SourceRange) throws(Reported) -> [Datum] {
    let arguments = try arguments(of: syntax)
    try spend(1 + arguments.count, at: range)
    let callee = try resolve(syntax.callee, arguments)
    if case .graph(let graph, let bound) = callee {
      return try inline(graph, arguments, bound, syntax, at: range)
    }
    if let path = syntax.path {
      throw report(
        "'\(syntax.callee.text)' is no graph and declares no parameters, so 'as' has no meaning",
        at: path.range)
    }
    switch callee {
    case .operation(let op):
      return try perform(op, arguments, at: range, callee: syntax.callee.range)
    case .function(let function):
      return try apply(function, arguments, syntax.callee, at: range)
    case .graph: return []
    }
  }

  /// All arguments, evaluated. Each mistake among them is reported, and so is an unknown callee: it
  /// is a mistake of its own even where an argument already failed.
  private func arguments(of syntax: CallSyntax) throws(Reported) -> [Argument] {
    var arguments: [Argument] = []
    var failure: Reported?
    for argument in syntax.arguments {
      do {
        arguments.append(
          Argument(
            label: argument.label, datum: try evaluate(argument.value),
            range: argument.value.range))
      } catch {
        failure = error
      }
    }
    guard let failure else { return arguments }
    _ = try resolve(syntax.callee, arguments)
    throw failure
  }

  /// A `Graph` argument, then a graph, then an operation, then a function. A graph that is being
  /// inlined is passed over for an operation of its name: `graph relu(x) { return relu(x) }`.
  private func resolve(
    _ callee: Identifier, _ arguments: [Argument]
  ) throws(Reported) -> Callee {
    var name = callee.text
    var given: [String: Datum] = [:]
    var other: Datum?
    switch frame.lookUp(name) {
    case .graph(let graph): (name, given) = (graph.name, graph.bound)
    case .poison: throw Reported()
    case let found: other = found
    }
    let graph = definition.graphs[name]
    if let graph, !openGraphs.contains(name) { return .graph(graph, bound: given) }
    let function = Function(rawValue: name)
    if let op = catalog[name],
      function == nil || arguments.isEmpty
        || arguments.contains(where: { $0.datum.isList || $0.datum.isTensorial })
    {
      return .operation(op)
    }
    if let function { return .function(function) }
    if graph != nil {
      throw report(
        "'\(name)' calls itself; recursion has no end here", at: callee.range,
        hint: "'for' and 'repeat' are the loops")
    }
    if let other {
      throw report("'\(name)' is \(describe(other)) and cannot be called", at: callee.range)
    }
    throw report(
      "there is no graph or operation '\(name)'", at: callee.range,
      hint: Suggestion.nearest(to: name, in: callable).map { "did you mean '\($0)'?" }
        ?? "a graph of the library is imported first, as in: import \"blocks/linear.graph\"")
  }

  /// The names that a call here can have: not those of graphs that are being inlined.
  private var callable: [String] {
    let arguments = frame.names.filter {
      if case .graph(let graph) = frame.lookUp($0) {
        !openGraphs.contains(graph.name)
      } else {
        false
      }
    }
    return arguments + definition.graphs.keys.filter { !openGraphs.contains($0) }.sorted()
      + catalog.names + Function.allCases.map(\.rawValue)
  }

  // MARK: Graphs

  private func inline(
    _ graph: GraphSyntax, _ arguments: [Argument], _ bound: [String: Datum],
    _ syntax: CallSyntax, at range: SourceRange
  ) throws(Reported) -> [Datum] {
    guard frames.count <= limits.calls else {
      throw report("more than \(limits.calls) calls are nested", at: syntax.callee.range)
    }
    try descend(at: range)
    defer { ascend() }
    let path = try syntax.path.map { (path) throws(Reported) in
      frame.joined(try text(path.parts, at: path.range))
    }
    let callee = Frame(
      graph: graph, path: path ?? frame.path, call: syntax.callee.range, openRegions: openRegions)
    try bind(try assign(arguments, bound, graph, syntax.callee), to: callee, at: syntax.callee)
    callee.keepSignature()
    frames.append(callee)
    openGraphs.insert(graph.name.text)
    defer {
      frames.removeLast()
      openGraphs.remove(graph.name.text)
    }
    return try results(execute(graph.body), of: graph, at: syntax.callee.range)
  }

  /// The call's arguments in the order of the graph's, those that `partial` bound where the call has
  /// none; nil where the default counts.
  private func assign(
    _ arguments: [Argument], _ bound: [String: Datum], _ graph: GraphSyntax, _ callee: Identifier
  ) throws(Reported) -> [Argument?] {
    var slots = [Argument?](repeating: nil, count: graph.arguments.count)
    for (position, argument) in arguments.enumerated() {
      var slot = position
      if let label = argument.label {
        let names = graph.arguments.map(\.name.text)
        guard let found = names.firstIndex(of: label.text) else {
          throw report(
            "'\(graph.name.text)' has no argument '\(label.text)'", at: label.range,
            hint: Suggestion.hint(
              for: label.text, in: names.indices.filter { slots[$0] == nil }.map { names[$0] }))
        }
        slot = found
      }
      guard slot < slots.count else {
        throw report(
          "'\(graph.name.text)' takes \(Self.count(slots.count, "argument")), got "
            + "\(arguments.count)", at: argument.range,
          notes: [.note("it is declared here", at: graph.name.range)])
      }
      guard slots[slot] == nil else {
        throw report(
          "'\(graph.arguments[slot].name.text)' is given twice",
          at: argument.label?.range ?? argument.range)
      }
      slots[slot] = argument
    }
    for (slot, argument) in graph.arguments.enumerated() where slots[slot] == nil {
      guard let datum = bound[argument.name.text] else { continue }
      slots[slot] = Argument(label: nil, datum: datum, range: callee.range)
    }
    for (argument, slot) in zip(graph.arguments, slots)
    where slot == nil && argument.defaultValue == nil {
      throw report(
        "'\(graph.name.text)' needs '\(argument.name.text)', \(argument.type.range.quotation)",
        at: callee.range, notes: [.note("it is declared here", at: argument.name.range)])
    }
    return slots
  }

  /// Binds a graph's arguments and dimensions: given values first, then the dimensions of given
  /// tensors, then defaults.
  private func bind(
    _ slots: [Argument?], to callee: Frame, at name: Identifier
  ) throws(Reported) {
    let graph = callee.graph
    for (syntax, slot) in zip(graph.arguments, slots) {
      guard let slot, case .value(let kind) = syntax.type.kind else { continue }
      let what = "'\(syntax.name.text)' of '\(graph.name.text)'"
      callee.bind(syntax.name.text, try convert(slot.datum, to: kind, what, at: slot.range))
    }
    for (syntax, slot) in zip(graph.arguments, slots) {
      guard let slot, case .tensor(let element, let dimensions) = syntax.type.kind else { continue }
      let value = try tensor(slot.datum, element: element, at: slot.range)
      let actual = builder.type(of: value)
      guard actual.element == element, try match(dimensions, actual.shape, in: callee) else {
        throw report(
          "'\(syntax.name.text)' of '\(graph.name.text)' is \(syntax.type.range.quotation)"
            + "\(knownDimensions(dimensions, callee)), but \(spelling(slot.range)) is \(actual)",
          at: slot.range, labels: [Diagnostic.Label(slot.range, actual.description)],
          notes: [.note("'\(syntax.name.text)' is declared here", at: syntax.name.range)])
      }
      callee.bind(syntax.name.text, .tensor(value))
    }
    for (syntax, slot) in zip(graph.arguments, slots) where slot == nil {
      if syntax.type.isTensor {
        try bindDefaultTensor(syntax, in: callee)
      } else if callee.lookUp(syntax.name.text) == nil {
        _ = try bindDefault(syntax.name.text, in: callee)
      }
    }
  }

  /// Binds a tensor that is not given to its default.
  func bindDefaultTensor(_ syntax: ArgumentSyntax, in callee: Frame) throws(Reported) {
    guard let expression = syntax.defaultValue else { return }
    frames.append(callee)
    defer { frames.removeLast() }
    let datum = try evaluate(expression)
    let type = try tensorType(syntax.type)
    let value = try tensor(datum, as: type, "'\(syntax.name.text)'", at: expression.range)
    callee.bind(syntax.name.text, .tensor(value))
  }
}
