import RetortIR
import RetortTensor
import RetortText

extension Elaborator {
  /// Elaborates the entry graph.
  func elaborate(_ settings: Settings) throws(Diagnostics) -> Elaboration {
    bind(settings)
    try check()
    do throws(Reported) {
      try bindOpenDimensions()
      try bindDefaults()
      try declareInputs(settings)
    } catch {
      try check()
    }
    frame.keepSignature()
    // The body may bind their names anew.
    let numbers = argumentNumbers()
    let outcome = execute(entry.body)
    let outputs = self.outputs(outcome)
    try check()
    let graph = builder.finish(
      outputs: outputs
        + updates.map { GraphOutput(value: $0.value, name: $0.weight.path, role: .update) })
    return Elaboration(graph: graph, notes: notes, numbers: numbers)
  }

  // MARK: Settings

  private func bind(_ settings: Settings) {
    let dimensions = entry.dimensionNames
    for name in settings.values.keys.sorted() {
      let text = settings.values[name]!
      if let argument = entry.arguments.first(where: { $0.name.text == name }) {
        bind(argument, setting: text)
      } else if let isRest = dimensions.first(where: { $0.name == name })?.isRest {
        let kind: ValueKind = isRest ? .integers : .integer
        guard let datum = parse(name, text, as: kind) else { continue }
        guard parts(datum).allSatisfy({ isExtent($0) }) else {
          report(
            setting: "--set \(name)=\(text)",
            "a dimension is an Int from 0 to \(limits.integer)")
          continue
        }
        frame.bind(name, datum)
      } else {
        let known =
          entry.arguments.filter { !$0.type.isTensor }.map(\.name.text)
          + dimensions.map(\.name)
        report(
          setting: "--set \(name)=\(text)",
          "'\(entry.name.text)' has no argument or dimension '\(name)'",
          hint: Suggestion.hint(for: name, in: known.filter { settings.values[$0] == nil }))
      }
    }
    for name in settings.inputTypes.keys.sorted() {
      bindInput(name, settings.inputTypes[name]!, settings)
    }
  }

  private func bind(_ argument: ArgumentSyntax, setting text: String) {
    let name = argument.name.text
    guard case .value(let kind) = argument.type.kind else {
      report(
        setting: "--set \(name)=\(text)",
        "'\(name)' is a tensor, \(argument.type.range.quotation), and not set as text",
        hint: "give it as a file: --input \(name)=FILE")
      return
    }
    isReadingSetting = true
    defer { isReadingSetting = false }
    guard let datum = parse(name, text, as: kind) else { return }
    for case .graph(let graph) in parts(datum) {
      guard let isKnown = try? isGraph(graph.name) else { return }
      if !isKnown {
        report(
          setting: "--set \(name)=\(text)",
          "there is no graph '\(graph.name)' in the file or in the library's models",
          hint: Suggestion.nearest(to: graph.name, in: definition.graphs.keys.sorted())
            .map { "did you mean '\($0)'?" }
            ?? "name a graph that the file imports, a NAME of the library's models/NAME.graph, or a"
            + " file, PATH.graph")
      }
    }
    frame.bind(name, datum)
  }

  /// A setting's text as a value of a kind.
  private func parse(_ name: String, _ text: String, as kind: ValueKind) -> Datum? {
    let place = "--set \(name)=\(text)"
    let range = SourceRange(SourceFile(path: place, text: text), 0..<text.utf8.count)
    guard let value = try? datum(of: SettingSyntax(text, of: kind), kind, at: range) else {
      return nil
    }
    do throws(Reported) {
      if let converted = try converted(value, to: kind, at: range) { return converted }
    } catch {
      return nil
    }
    report(setting: place, "'\(name)' is \(kind.rawValue), but '\(text)' is \(describe(value))")
    return nil
  }

  /// What stands in a setting, of which `range` is all.
  private func datum(
    of syntax: SettingSyntax, _ kind: ValueKind, at range: SourceRange
  ) throws(Reported) -> Datum {
    switch syntax {
    case .text(let text): return .text(text)
    case .name(let name): return .graph(GraphDatum(name: name))
    case .file(let path): return try graphOfFile(.text(path), at: range)
    case .list(let items):
      var list: [Datum] = []
      for item in items { list.append(try datum(of: item, kind, at: range)) }
      return .list(list)
    case .expression(let text):
      let place = range.file.path
      guard let expression = try? Parser.parseExpression(SourceFile(path: place, text: text)) else {
        report(
          setting: place,
          "'\(range.file.text(range.offsets))' cannot be read as \(kind.rawValue)")
        throw Reported()
      }
      let saved = frames
      frames = [Frame(graph: entry, path: "", call: nil)]
      defer { frames = saved }
      let value = try evaluate(expression)
      return kind.holdsGraphs ? try graphOfFile(value, at: expression.range) : value
    }
  }

  /// A list's elements, or the value alone.
  private func parts(_ datum: Datum) -> [Datum] {
    if case .list(let list) = datum { list } else { [datum] }
  }

  private func isExtent(_ datum: Datum) -> Bool {
    if case .integer(let value) = datum { value >= 0 && value <= limits.integer } else { false }
  }

  /// Binds dimensions as a given tensor's shape says. Its element type is the driver's affair.
  private func bindInput(_ name: String, _ type: TensorType, _ settings: Settings) {
    guard let argument = entry.arguments.first(where: { $0.name.text == name }),
      case .tensor(let element, let dimensions) = argument.type.kind
    else {
      let known = entry.arguments.filter(\.type.isTensor).map(\.name.text)
        .filter { settings.inputTypes[$0] == nil }
      report(
        input: name, "'\(entry.name.text)' has no input '\(name)'",
        hint: Suggestion.hint(for: name, in: known))
      return
    }
    let isKey = element == .key
    let own = isKey ? type.keysInWords ?? type : type.with(element)
    guard (try? match(dimensions, own.shape, in: frame)) == true else {
      let wants = "\(argument.type.range.quotation)\(knownDimensions(dimensions, frame))"
      report(
        input: name, "'\(name)' is \(wants), but the file holds \(own)",
        hint: isKey && own.element != .key
          ? TensorType.keyLayout : remedy(argument, dimensions, own.shape, settings))
      return
    }
  }

  /// What would make an input fit: the settings that its file goes with, where settings or defaults
  /// bind what differs; else another file.
  private func remedy(
    _ argument: ArgumentSyntax, _ dimensions: [DimensionSyntax], _ shape: Shape,
    _ settings: Settings
  ) -> String? {
    let otherFile = "no --set changes that: give a file of \(argument.type.range.quotation)"
    // Whether a rest, or an expression of other settings, could be made to fit is not looked for.
    if dimensions.contains(where: { $0.parts.isRest }) { return nil }
    guard dimensions.count == shape.rank else { return otherFile }
    func isSettable(_ name: String) -> Bool {
      settings.values[name] != nil
        || entry.arguments.contains { $0.name.text == name && $0.defaultValue != nil }
    }
    var changes: [String] = []
    var mayFit = false
    for (dimension, extent) in zip(dimensions, shape.extents) {
      switch dimension.parts.expression.kind {
      case .integer(let own) where own != extent: return otherFile
      case .name(let name):
        guard case .integer(let bound)? = frame.lookUp(name), bound != extent else { continue }
        guard isSettable(name) else {
          return "'\(name)' is \(bound) already: give files that agree in it"
        }
        changes.append("--set \(name)=\(extent)")
      default: mayFit = mayFit || dimension.parts.expression.names.contains(where: isSettable)
      }
    }
    if mayFit { return nil }
    return changes.isEmpty ? otherFile : "the file goes with \(changes.joined(separator: " "))"
  }

  // MARK: What nothing binds

  /// Dimensions that are still open are 1, with a note.
  private func bindOpenDimensions() throws(Reported) {
    for dimension in entry.dimensionNames where frame.lookUp(dimension.name) == nil {
      if try bindDefault(dimension.name, in: frame) { continue }
      frame.bind(dimension.name, dimension.isRest ? .list([]) : .integer(1))
      let taken = dimension.isRest ? "no dimension" : "1"
      notes.append(
        .note("'\(dimension.name)' is taken as \(taken); --set \(dimension.name)=VALUE binds it"))
    }
  }

  private func bindDefaults() throws(Reported) {
    for argument in entry.arguments where !argument.type.isTensor {
      if frame.lookUp(argument.name.text) != nil { continue }
      if try bindDefault(argument.name.text, in: frame) { continue }
      throw report(
        "'\(argument.name.text)', \(argument.type.range.quotation), has no default and is not given",
        at: argument.name.range,
        hint: "give it with --set \(argument.name.text)=VALUE")
    }
  }

  private func argumentNumbers() -> [String: Double] {
    var numbers: [String: Double] = [:]
    for argument in entry.arguments {
      switch frame.lookUp(argument.name.text) {
      case .integer(let value)?: numbers[argument.name.text] = Double(value)
      case .number(let value)?: numbers[argument.name.text] = value
      default: break
      }
    }
    return numbers
  }

  private func declareInputs(_ settings: Settings) throws(Reported) {
    let tensors = entry.arguments.filter(\.type.isTensor)
    func hasItsDefault(_ argument: ArgumentSyntax) -> Bool {
      settings.bindsDefaults && argument.defaultValue != nil
        && settings.inputTypes[argument.name.text] == nil
    }
    var failed = false
    // As in a call, a default may be of any tensor that is given.
    for argument in tensors.filter({ !hasItsDefault($0) }) + tensors.filter(hasItsDefault) {
      let name = argument.name.text
      do throws(Reported) {
        if hasItsDefault(argument) {
          try bindDefaultTensor(argument, in: frame)
          continue
        }
        let type = try tensorType(argument.type)
        builder.origin = Origin(range: argument.name.range)
        frame.bind(name, .tensor(builder.input(name, type)))
      } catch {
        frame.bind(name, .poison)
        failed = true
      }
    }
    if failed { throw Reported() }
  }

  // MARK: Results

  private func outputs(_ outcome: Outcome) -> [GraphOutput] {
    guard let values = try? results(outcome, of: entry, at: entry.name.range) else { return [] }
    var outputs: [GraphOutput] = []
    for (syntax, datum) in zip(entry.results, values) {
      guard case .tensor(let value) = datum else {
        report(
          "'\(syntax.name)' is \(syntax.type.range.quotation); an entry's results are tensors",
          at: syntax.type.range)
        continue
      }
      outputs.append(GraphOutput(value: value, name: syntax.name))
    }
    return outputs
  }
}

extension GraphSyntax {
  /// The names that the arguments' types bind, in order.
  var dimensionNames: [(name: String, isRest: Bool)] {
    var list: [(name: String, isRest: Bool)] = []
    for argument in arguments {
      guard case .tensor(_, let dimensions) = argument.type.kind else { continue }
      for dimension in dimensions {
        let (expression, isRest) = dimension.parts
        guard case .name(let name) = expression.kind, !list.contains(where: { $0.name == name }),
          !arguments.contains(where: { $0.name.text == name && $0.defaultValue == nil })
        else { continue }
        list.append((name, isRest))
      }
    }
    return list
  }
}

extension DimensionSyntax {
  var parts: (expression: Expression, isRest: Bool) {
    switch self {
    case .extent(let expression): (expression, false)
    case .rest(let expression): (expression, true)
    }
  }
}
