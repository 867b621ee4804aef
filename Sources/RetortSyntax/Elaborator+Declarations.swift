import RetortIR
import RetortTensor
import RetortText

extension Elaborator {
  /// `parameter` and `buffer`. A path that was declared before is the same tensor.
  func declare(_ syntax: DeclarationSyntax) throws(Reported) {
    let type = try tensorType(syntax.type)
    let relative = try syntax.path.map { (path) throws(Reported) in
      try text(path.parts, at: path.range)
    }
    let path = frame.joined(relative ?? syntax.name.text)
    let initialiser = try self.initialiser(syntax)
    let place = syntax.path?.range ?? syntax.name.range
    guard !path.isEmpty else { throw report("a path has at least one name", at: place) }
    guard !entry.arguments.contains(where: { $0.type.isTensor && $0.name.text == path }) else {
      throw report(
        "'\(path)' is an argument of the entry graph already", at: place,
        hint: "another path behind 'as' keeps inputs and weights apart")
    }
    guard !path.hasPrefix("%") else {
      throw report("'\(path)' begins with '%', which plans keep for prepared values", at: place)
    }
    if let known = weightAtPath[path].map({ weights[$0] }) {
      try share(known, type, syntax, path)
      return
    }
    let value = builder.input(
      path, type, role: syntax.isBuffer ? .buffer(initialiser) : .parameter(initialiser))
    // At the top the definition's own name says more than one made from the path, and a dump must
    // keep its names.
    if frames.count == 1 { builder.rename(value, to: syntax.name.text) }
    weightAtPath[path] = weights.count
    weightOfValue[value] = weights.count
    weights.append(
      Weight(value: value, isBuffer: syntax.isBuffer, path: path, range: syntax.name.range))
    frame.bind(syntax.name.text, .tensor(value))
  }

  private func share(
    _ known: Weight, _ type: TensorType, _ syntax: DeclarationSyntax, _ path: String
  ) throws(Reported) {
    let before = builder.type(of: known.value)
    let note = Diagnostic.note("it is declared first here", at: known.range)
    if before != type {
      throw report(
        "'\(path)' is \(type) here, but \(before) where it is declared first",
        at: syntax.type.range, notes: [note],
        hint: "tensors of one path are one tensor; 'as' behind the call gives it another path")
    }
    if known.isBuffer != syntax.isBuffer {
      throw report(
        "'\(path)' is declared as a parameter and as a buffer", at: syntax.name.range,
        notes: [note])
    }
    frame.bind(syntax.name.text, .tensor(known.value))
  }

  private func initialiser(_ syntax: DeclarationSyntax) throws(Reported) -> Initialiser? {
    guard let (name, expression) = syntax.initialiser else { return nil }
    let datum = try evaluate(expression)
    guard let value = datum.double else {
      throw report(
        "'\(name.text)' takes a number, but \(spelling(expression.range)) is \(describe(datum))",
        at: expression.range)
    }
    switch name.text {
    case "fill": return .fill(value)
    case "normal": return .normal(value)
    case "uniform": return .uniform(value)
    default:
      throw report(
        "there is no initialiser '\(name.text)'", at: name.range,
        hint: Suggestion.hint(for: name.text, in: ["normal", "uniform", "fill"]))
    }
  }

  /// `update weight = value`
  func update(
    _ target: Expression, _ expression: Expression, at range: SourceRange
  ) throws(Reported) {
    let datum = try evaluate(target)
    guard case .tensor(let value) = datum, let weight = weightOfValue[value].map({ weights[$0] })
    else {
      throw report(
        "'update' takes a parameter or buffer, but \(spelling(target.range)) is \(describe(datum))",
        at: target.range)
    }
    guard openRegions == 0 else {
      throw report(
        "'update' cannot stand inside a region", at: range,
        hint: "yield the value and update behind the loop")
    }
    if let earlier = updateOfWeight[value].map({ updates[$0] }) {
      throw report(
        "'\(weight.path)' is updated twice", at: range,
        notes: [.note("the first update is here", at: earlier.range)])
    }
    let next = try tensor(
      try evaluate(expression), as: builder.type(of: value), "'\(weight.path)'",
      at: expression.range)
    updateOfWeight[value] = updates.count
    updates.append(Update(weight: weight, value: next, range: range))
  }
}
