import RetortIR
import RetortTensor
import RetortText

extension Elaborator {
  /// `repeat`: the carried values after the last turn, then the collected ones.
  func loop(_ syntax: RepeatSyntax) throws(Reported) -> [Datum] {
    let turns = try self.turns(syntax.turns)
    var starts: [Value] = []
    var carried: [(name: String, type: TensorType)] = []
    for (target, start) in syntax.carried {
      let value = try self.start(target, start)
      starts.append(value)
      carried.append((target.name.text, builder.type(of: value)))
    }
    let annotations = try self.annotations(syntax.annotations)
    let index = (name: syntax.index.text, type: TensorType(.i32, []))
    let arguments = builder.openBlock(arguments: [index] + carried)
    let values: [Value]
    do throws(Reported) {
      values = try inRegion(syntax.body, syntax.range) { () throws(Reported) in
        for (name, value) in zip([index.name] + carried.map(\.name), arguments) {
          frame.bind(name, .tensor(value))
        }
      } results: { (next, collected, place) throws(Reported) in
        try self.next(next, collected, carried, place)
      }
    } catch {
      _ = builder.closeBlock(results: [])
      throw error
    }
    let block = builder.closeBlock(results: values)
    return try append(
      Repeat(count: turns.count, first: turns.lowerBound), starts, block, annotations,
      at: syntax.range)
  }

  /// `prepare` and `fused`: what they yield.
  func region(_ syntax: RegionSyntax) throws(Reported) -> [Datum] {
    let annotations = try self.annotations(syntax.annotations)
    _ = builder.openBlock()
    let values: [Value]
    do throws(Reported) {
      values = try inRegion(syntax.body, syntax.range) {
      } results: { (next, collected, place) throws(Reported) in
        guard collected.isEmpty else {
          throw report("only 'repeat' collects", at: place)
        }
        var list: [Value] = []
        for operand in next { list.append(try tensor(operand.datum, at: operand.range)) }
        return list
      }
    } catch {
      _ = builder.closeBlock(results: [])
      throw error
    }
    let block = builder.closeBlock(results: values)
    let op: any Op = syntax.isPrepare ? Prepare() : Fused()
    return try append(op, [], block, annotations, at: syntax.range)
  }

  private func turns(_ expression: Expression) throws(Reported) -> Range<Int> {
    let datum = try evaluate(expression)
    guard case .range(let range) = datum else {
      throw report(
        "'repeat' takes a range, but \(spelling(expression.range)) is \(describe(datum))",
        at: expression.range,
        hint: datum.isList ? "'for' walks a list" : rangeHint(datum, expression))
    }
    guard Int32(exactly: range.lowerBound) != nil, Int32(exactly: range.upperBound) != nil else {
      throw report(
        "the turns of 'repeat' are numbered in i32, which \(describe(datum)) leaves",
        at: expression.range)
    }
    return range
  }

  private func start(_ target: TargetSyntax, _ expression: Expression) throws(Reported) -> Value {
    let datum = try evaluate(expression)
    guard let syntax = target.type else { return try tensor(datum, at: expression.range) }
    let type = try tensorType(syntax)
    return try tensor(datum, as: type, "'\(target.name.text)'", at: expression.range)
  }

  /// The body's results: the next carried values and what is collected.
  private func next(
    _ next: [Operand], _ collected: [Operand], _ carried: [(name: String, type: TensorType)],
    _ place: SourceRange
  ) throws(Reported) -> [Value] {
    guard next.count == carried.count else {
      throw report(
        "'repeat' carries \(Self.count(carried.count, "value")), but 'yield' gives "
          + (next.isEmpty ? "none" : String(next.count)), at: place, code: "repeat/C2")
    }
    var values: [Value] = []
    for (operand, (name, type)) in zip(next, carried) {
      let value = try tensor(
        operand.datum, element: type.element, shape: type.shape, at: operand.range)
      let actual = builder.type(of: value)
      guard actual == type else {
        throw report(
          "'\(name)' is carried as \(type), but its next value is \(actual)", at: operand.range,
          code: "repeat/C3", labels: [Diagnostic.Label(operand.range, actual.description)],
          hint: "a carried value keeps its type from turn to turn")
      }
      values.append(value)
    }
    for operand in collected { values.append(try tensor(operand.datum, at: operand.range)) }
    return values
  }

  /// Runs a region's body with names of its own.
  private func inRegion(
    _ body: [Statement], _ header: SourceRange, bind: () throws(Reported) -> Void,
    results: ([Operand], [Operand], SourceRange) throws(Reported) -> [Value]
  ) throws(Reported) -> [Value] {
    try descend(at: header)
    frame.openScope()
    openRegions += 1
    defer {
      openRegions -= 1
      frame.closeScope()
      ascend()
    }
    try bind()
    switch execute(body) {
    case .yielded(let next, let collected, let place): return try results(next, collected, place)
    case .failed, .returned: throw Reported()
    case .next: throw report("the region does not end with 'yield'", at: header)
    }
  }

  private func append(
    _ op: any Op, _ operands: [Value], _ block: Block, _ annotations: [Annotation],
    at range: SourceRange
  ) throws(Reported) -> [Datum] {
    builder.origin = Origin(range: range, path: frame.path)
    do throws(Violation) {
      let values = try builder.append(
        op, operands, regions: [block], annotations: annotations)
      for value in values { try checkedSize(value, at: range) }
      return values.map(Datum.tensor)
    } catch {
      let name = type(of: op).name
      throw report(
        "\(name) \(error.message)", at: range, code: "\(name)/\(error.label)", hint: error.hint)
    }
  }

  func annotations(_ list: [AnnotationSyntax]) throws(Reported) -> [Annotation] {
    var result: [Annotation] = []
    for syntax in list {
      let datum = try evaluate(syntax.value)
      guard let value = try attribute(datum, at: syntax.value.range) else {
        throw report(
          "\(describe(datum)) cannot be recorded as '\(syntax.name.text)'", at: syntax.value.range)
      }
      result.append(Annotation(syntax.name.text, value))
    }
    return result
  }
}
