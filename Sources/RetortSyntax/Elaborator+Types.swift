import RetortIR
import RetortOps
import RetortTensor
import RetortText

extension Elaborator {
  /// A tensor type whose dimensions are all known.
  func tensorType(_ syntax: TypeSyntax) throws(Reported) -> TensorType {
    guard case .tensor(let element, let dimensions) = syntax.kind else {
      throw report("expected a tensor's type, found \(syntax.range.quotation)", at: syntax.range)
    }
    guard element.isComputed else {
      throw report(
        "\(element.rawValue) is for stored weights only", at: syntax.range,
        hint: "write f32; weights are widened when they are loaded")
    }
    var extents: [Int] = []
    for dimension in dimensions {
      switch dimension {
      case .extent(let expression): extents.append(try extent(expression))
      case .rest(let expression): extents += try self.extents(expression)
      }
    }
    let type = TensorType(element, Shape(extents))
    try checkSize(type, at: syntax.range)
    return type
  }

  private func extent(_ expression: Expression) throws(Reported) -> Int {
    let datum = try evaluate(expression)
    guard case .integer(let value) = datum, value >= 0, value <= limits.integer else {
      var hint: String?
      if case .number = datum { hint = "'floor_div(a, b)' divides and rounds down" }
      throw report(
        "a dimension is an Int from 0 to \(limits.integer), but \(spelling(expression.range)) is "
          + describe(datum), at: expression.range, hint: hint)
    }
    return value
  }

  private func extents(_ expression: Expression) throws(Reported) -> [Int] {
    let datum = try evaluate(expression)
    var list: [Int] = []
    for item in try elements(of: datum, at: expression.range) ?? [.poison] {
      guard case .integer(let value) = item, value >= 0, value <= limits.integer,
        list.count < limits.rank
      else {
        throw report(
          "'...' takes a list of dimensions, but \(spelling(expression.range)) is "
            + describe(datum), at: expression.range)
      }
      list.append(value)
    }
    return list
  }

  /// Refuses tensors that no machine holds, before anything multiplies their extents.
  func checkSize(_ type: TensorType, at range: SourceRange) throws(Reported) {
    guard type.rank <= limits.rank else {
      throw report(
        "a tensor has at most \(limits.rank) dimensions, \(type) has \(type.rank)", at: range)
    }
    guard limits.allowElements(of: type) else {
      throw report("\(type) has too many elements", at: range)
    }
  }

  // MARK: Binding dimensions

  /// Binds the names in an argument's dimensions from a shape; false where they do not agree.
  func match(
    _ dimensions: [DimensionSyntax], _ shape: Shape, in callee: Frame
  ) throws(Reported) -> Bool {
    let restPosition = dimensions.firstIndex { $0.parts.isRest }
    let single = dimensions.count - (restPosition == nil ? 0 : 1)
    guard restPosition == nil ? shape.rank == single : shape.rank >= single else { return false }
    let lead = restPosition ?? dimensions.count
    for (dimension, extent) in zip(dimensions[..<lead], shape.extents) {
      guard try match(dimension.parts.expression, .integer(extent), in: callee) else {
        return false
      }
    }
    guard let restPosition else { return true }
    let tail = dimensions.count - restPosition - 1
    let rest = shape.extents[lead..<(shape.rank - tail)].map(Datum.integer)
    guard try match(dimensions[lead].parts.expression, .list(rest), in: callee) else {
      return false
    }
    for (dimension, extent) in zip(dimensions[(lead + 1)...], shape.extents.suffix(tail)) {
      guard try match(dimension.parts.expression, .integer(extent), in: callee) else {
        return false
      }
    }
    return true
  }

  private func match(
    _ expression: Expression, _ actual: Datum, in callee: Frame
  ) throws(Reported) -> Bool {
    if case .name(let name) = expression.kind, callee.lookUp(name) == nil,
      try !bindDefault(name, in: callee)
    {
      callee.bind(name, actual)
      return true
    }
    try bindDefaults(of: expression, in: callee)
    let expected = try evaluate(expression, in: callee)
    return try areEqual(expected, actual, at: expression.range) == true
  }

  /// Binds a compile-time argument that is not given to its default; false where there is none.
  func bindDefault(_ name: String, in callee: Frame) throws(Reported) -> Bool {
    let arguments = callee.graph.arguments
    guard
      let position = arguments.firstIndex(where: { $0.name.text == name }),
      case .value(let kind) = arguments[position].type.kind,
      let expression = arguments[position].defaultValue
    else { return false }
    // A dimension may ask for it before those that it is computed from have had their turn.
    try bindDefaults(of: expression, among: arguments[..<position], in: callee)
    let datum = try evaluate(expression, in: callee)
    callee.bind(name, try convert(datum, to: kind, "'\(name)'", at: expression.range))
    return true
  }

  /// Binds what an expression names and a call has left to its default; only arguments before the
  /// one whose default it is, where it is one.
  private func bindDefaults(
    of expression: Expression, among arguments: ArraySlice<ArgumentSyntax>? = nil,
    in callee: Frame
  ) throws(Reported) {
    try descend(at: expression.range)
    defer { ascend() }
    for name in expression.names where callee.lookUp(name) == nil {
      guard arguments?.contains(where: { $0.name.text == name }) ?? true else { continue }
      _ = try bindDefault(name, in: callee)
    }
  }

  /// Evaluates with another graph's names.
  func evaluate(_ expression: Expression, in callee: Frame) throws(Reported) -> Datum {
    if callee === frame { return try evaluate(expression) }
    frames.append(callee)
    defer { frames.removeLast() }
    return try evaluate(expression)
  }

  /// ` with n = 8, c = 3` for the bound names of a type; empty where there are none.
  func knownDimensions(_ dimensions: [DimensionSyntax], _ callee: Frame) -> String {
    var known: [String] = []
    for dimension in dimensions {
      for name in dimension.parts.expression.names {
        let text: String
        switch callee.lookUp(name) {
        case .integer(let value): text = "\(name) = \(value)"
        case .list(let list) where list.count > limits.rank:
          text = "\(name) = a list of \(list.count)"
        case .list(let list):
          let items = list.map { if case .integer(let value) = $0 { String(value) } else { "?" } }
          text = "\(name) = [\(items.joined(separator: ", "))]"
        default: continue
        }
        if !known.contains(text) { known.append(text) }
      }
    }
    return known.isEmpty ? "" : " with " + known.joined(separator: ", ")
  }

  // MARK: Values of a wanted type

  /// A compile-time value of a kind; `what` names the place that wants it.
  func convert(
    _ datum: Datum, to kind: ValueKind, _ what: String, at range: SourceRange
  ) throws(Reported) -> Datum {
    guard let converted = try converted(datum, to: kind, at: range) else {
      throw report(
        "\(what) is \(kind.rawValue), but \(spelling(range)) is \(describe(datum))", at: range)
    }
    return converted
  }

  /// The value as a tensor of exactly a type. Numbers fill it.
  func tensor(
    _ datum: Datum, as type: TensorType, _ what: String, at range: SourceRange
  ) throws(Reported) -> Value {
    let value = try tensor(datum, element: type.element, shape: type.shape, at: range)
    let actual = builder.type(of: value)
    guard actual == type else {
      throw report(
        "\(what) is \(type), but \(spelling(range)) is \(actual)", at: range,
        labels: [Diagnostic.Label(range, actual.description)])
    }
    return value
  }

  /// The value as a tensor. A number becomes a `fill` of the element type and shape that it meets
  /// (a scalar, `i32` or `f32`, where it meets nothing), a list a vector.
  func tensor(
    _ datum: Datum, element: ElementType? = nil, shape: Shape = [], at range: SourceRange
  ) throws(Reported) -> Value {
    switch datum {
    case .tensor(let value): return value
    case .flag: return try fill(datum, element ?? .bool, shape, at: range)
    case .integer: return try fill(datum, element ?? .i32, shape, at: range)
    case .number: return try fill(datum, element ?? .f32, shape, at: range)
    case .list, .range: return try vector(datum, element ?? .f32, at: range)
    default: throw report("expected a tensor, found \(describe(datum))", at: range)
    }
  }

  private func fill(
    _ datum: Datum, _ element: ElementType, _ shape: Shape, at range: SourceRange
  ) throws(Reported) -> Value {
    guard let value = try number(datum, as: element, at: range) else {
      throw report("\(describe(datum)) cannot be an element of type \(element.rawValue)", at: range)
    }
    builder.origin = Origin(range: range, path: frame.path)
    return builder.fill(value, shape, element)
  }

  /// The value as an element of a tensor; nil where it is none of that type.
  private func number(
    _ datum: Datum, as element: ElementType, at range: SourceRange
  ) throws(Reported) -> Double? {
    let number: Double
    var isFlag = false
    switch datum {
    case .flag(let value):
      number = value ? 1 : 0
      isFlag = true
    case .integer(let value): number = try exactDouble(value, at: range)
    case .number(let value): number = value
    default: return nil
    }
    guard element != .key, (element == .bool) == isFlag, element.holds(number) else { return nil }
    return number
  }

  /// An Int as operations hold it. One that would be rounded is refused: nobody would learn of it.
  func exactDouble(_ value: Int, at range: SourceRange) throws(Reported) -> Double {
    guard let number = Double(exactly: value) else {
      throw report("\(value) has too many digits for an element of a tensor", at: range)
    }
    return number
  }

  private func vector(
    _ datum: Datum, _ element: ElementType, at range: SourceRange
  ) throws(Reported) -> Value {
    let list = try elements(of: datum, at: range) ?? []
    var numbers: [Double] = []
    for item in list {
      guard element.isNumber, let number = try number(item, as: element, at: range) else {
        throw report(
          "expected a tensor, found \(describe(datum)) with \(describe(item)), which is no element "
            + "of type \(element.rawValue)", at: range)
      }
      numbers.append(number)
    }
    builder.origin = Origin(range: range, path: frame.path)
    return builder.constant(numbers, [numbers.count], element)
  }
}

extension TextPart {
  fileprivate var names: [String] {
    switch self {
    case .literal: []
    case .value(let expression): expression.names
    }
  }
}

extension Expression {
  /// The names in it, from left to right; what is called may be a graph that an argument gives.
  var names: [String] {
    switch kind {
    case .name(let name): [name]
    case .unary(_, let operand), .spread(let operand): operand.names
    case .binary(_, let first, let second), .range(let first, let second),
      .index(let first, let second):
      first.names + second.names
    case .ternary(let condition, let first, let second):
      condition.names + first.names + second.names
    case .list(let items): items.flatMap(\.names)
    case .call(let call): [call.callee.text] + call.arguments.flatMap(\.value.names)
    case .string(let parts): parts.flatMap { $0.names }
    case .integer, .number, .flag, .annotated: []
    }
  }
}
