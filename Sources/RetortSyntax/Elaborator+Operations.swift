import RetortIR
import RetortOps
import RetortTensor
import RetortText

/// What calls of an operation must know of it, read once.
struct OperationSignature {
  let operands: [String]
  /// Whether the last operand stands for any number.
  let isVariadic: Bool
  let attributes: [AttributeSummary]
  let broadcasts: Bool

  init(_ op: any TensorOp.Type) {
    isVariadic = op.operandNames.last?.hasSuffix("...") == true
    operands = op.operandNames.map { $0.hasSuffix("...") ? String($0.dropLast(3)) : $0 }
    attributes = op.attributeSummaries
    broadcasts = op.broadcastsOperands
  }

  func attribute(_ name: String) -> AttributeSummary? { attributes.first { $0.name == name } }

  /// The labels that arguments can have behind those that are given.
  func labels(besides given: Set<String>) -> [String] {
    let names = (isVariadic ? [] : operands) + attributes.map(\.name)
    let like = attribute("shape") == nil || given.contains("shape") ? [] : ["like"]
    return names.filter { !given.contains($0) } + like
  }
}

extension Elaborator {
  private func signature(_ op: any TensorOp.Type) -> OperationSignature {
    if let known = signatures[op.name] { return known }
    let signature = OperationSignature(op)
    signatures[op.name] = signature
    return signature
  }

  /// Adds a node for an operation. `callee` is the place of its name or sign.
  func perform(
    _ type: any TensorOp.Type, _ arguments: [Argument], at range: SourceRange, callee: SourceRange
  ) throws(Reported) -> [Datum] {
    let signature = self.signature(type)
    var op: any TensorOp = type.init()
    let operands = try assign(arguments, to: &op, signature, callee)
    let values = try tensors(operands, signature, callee)
    builder.origin = Origin(range: range, path: frame.path)
    do throws(Violation) {
      let types = values.map { builder.type(of: $0) }
      try resolveOpenExtent(&op, types, signature)
      let results =
        signature.broadcasts
        ? [try builder.appendBroadcasting(op, values)] : try builder.append(op, values)
      return try checked(results, at: range)
    } catch {
      throw report(error, type.name, operands, values, callee)
    }
  }

  private func checked(
    _ results: [Value], at range: SourceRange
  ) throws(Violation) -> [Datum] {
    for result in results { try checkedSize(result, at: range) }
    return results.map(Datum.tensor)
  }

  /// As `checkSize`, for a result; the problem is reported as the operation's.
  func checkedSize(_ value: Value, at range: SourceRange) throws(Violation) {
    let type = builder.type(of: value)
    guard type.rank <= limits.rank, limits.allowElements(of: type) else {
      throw Violation("size", "gives \(type), which is too large")
    }
  }

  // MARK: Arguments

  /// Sets the attributes and gives the operands in order.
  private func assign(
    _ arguments: [Argument], to op: inout any TensorOp, _ signature: OperationSignature,
    _ callee: SourceRange
  ) throws(Reported) -> [Argument] {
    let name = type(of: op).name
    var slots = [Argument?](repeating: nil, count: signature.operands.count)
    var rest: [Argument] = []
    var given = Set<String>()
    for (position, argument) in arguments.enumerated() {
      if let label = argument.label {
        if let slot = signature.operands.firstIndex(of: label.text), slots[slot] == nil,
          !signature.isVariadic
        {
          slots[slot] = argument
          given.insert(label.text)
        } else if label.text == "like", signature.attribute("shape") != nil {
          try setLike(argument, &op, &given, signature)
        } else {
          try set(label.text, argument, label.range, &op, &given, signature)
        }
      } else if signature.isVariadic {
        rest += try spread(argument)
      } else if position < slots.count {
        slots[position] = argument
        given.insert(signature.operands[position])
      } else if position - slots.count < signature.attributes.count {
        let attribute = signature.attributes[position - slots.count]
        try set(attribute.name, argument, argument.range, &op, &given, signature)
      } else {
        throw report(
          "'\(name)' takes \(Self.count(slots.count, "operand")) and "
            + "\(Self.count(signature.attributes.count, "attribute")), got \(arguments.count)",
          at: argument.range)
      }
    }
    let missing = signature.attributes.first { $0.isRequired && !given.contains($0.name) }
    if let missing {
      throw report(
        "'\(name)' needs '\(missing.name)': \(missing.summary)", at: callee,
        hint: missing.name == "shape" ? "'shape: [...]' or 'like: x'" : nil)
    }
    if signature.isVariadic { return rest }
    for (operand, slot) in zip(signature.operands, slots) where slot == nil {
      throw report("'\(name)' needs its operand '\(operand)'", at: callee, code: "\(name)/C0")
    }
    return slots.compactMap { $0 }
  }

  /// A list of tensors stands for its elements where any number is taken.
  private func spread(_ argument: Argument) throws(Reported) -> [Argument] {
    guard case .list(let items) = argument.datum,
      try isTensorial(argument.datum, at: argument.range)
    else { return [argument] }
    return items.map { Argument(label: nil, datum: $0, range: argument.range) }
  }

  private func set(
    _ name: String, _ argument: Argument, _ place: SourceRange, _ op: inout any TensorOp,
    _ given: inout Set<String>, _ signature: OperationSignature
  ) throws(Reported) {
    let opName = type(of: op).name
    guard let attribute = signature.attribute(name) else {
      let isGiven = given.contains(name)
      let labels = signature.labels(besides: given)
      throw report(
        isGiven ? "'\(name)' is given twice" : "'\(opName)' has no attribute '\(name)'", at: place,
        hint: isGiven ? nil : Suggestion.hint(for: name, in: labels))
    }
    guard given.insert(name).inserted else {
      throw report("'\(name)' is given twice", at: place)
    }
    guard let value = try self.attribute(argument.datum, at: argument.range),
      op.setAttribute(name, to: value)
    else {
      throw report(
        "'\(name)' of '\(opName)' is \(attribute.kind), but \(spelling(argument.range)) is "
          + describe(argument.datum), at: argument.range)
    }
    try checkMagnitude(value, attribute, at: argument.range)
  }

  /// Refuses Ints whose products an operation might not be able to count. Where a Float is wanted an
  /// Int may be any that a Float holds.
  private func checkMagnitude(
    _ value: AttributeValue, _ attribute: AttributeSummary, at range: SourceRange
  ) throws(Reported) {
    let integers: [Int]
    switch value {
    case .integer(let integer): integers = [integer]
    case .integers(let list): integers = list
    default: return
    }
    guard [Int.attributeKind, [Int].attributeKind].contains(attribute.kind) else {
      for integer in integers { _ = try exactDouble(integer, at: range) }
      return
    }
    if let odd = integers.first(where: { $0 > limits.integer || $0 < -limits.integer }) {
      throw report("\(odd) is more than an operation takes", at: range)
    }
    if attribute.name == "shape" {
      try checkSize(TensorType(Shape(integers.map { max($0, 0) })), at: range)
    }
  }

  /// `like: t` stands for t's shape and, where the operation has one, its element type.
  private func setLike(
    _ argument: Argument, _ op: inout any TensorOp, _ given: inout Set<String>,
    _ signature: OperationSignature
  ) throws(Reported) {
    guard case .tensor(let value) = argument.datum else {
      throw report(
        "'like' takes a tensor, but \(spelling(argument.range)) is \(describe(argument.datum))",
        at: argument.range)
    }
    guard given.insert("shape").inserted else {
      throw report("'like' and 'shape' are both given", at: argument.range)
    }
    let type = builder.type(of: value)
    _ = op.setAttribute("shape", to: .integers(type.shape.extents))
    // A type that is also given, before or behind, counts.
    if signature.attribute("type") != nil, !given.contains("type") {
      _ = op.setAttribute("type", to: .element(type.element))
    }
  }

  /// An extent of -1 is stored as what it stands for.
  private func resolveOpenExtent(
    _ op: inout any TensorOp, _ operands: [TensorType], _ signature: OperationSignature
  ) throws(Violation) {
    guard signature.attribute("shape") != nil,
      case .integers(let extents) = op.attributeValues.first(where: { $0.name == "shape" })?.value,
      extents.contains(-1), type(of: op).operandCounts.contains(operands.count)
    else { return }
    let resolved = try op.inferTypes(operands)[0].shape
    _ = op.setAttribute("shape", to: .integers(resolved.extents))
  }

  // MARK: Operands

  /// The operands as tensors. In elementwise operations numbers take the element type of the first
  /// tensor of numbers and the shape that the tensors have in common.
  private func tensors(
    _ operands: [Argument], _ signature: OperationSignature, _ callee: SourceRange
  ) throws(Reported) -> [Value] {
    var element: ElementType?
    var shape = Shape([])
    if signature.broadcasts {
      for case .tensor(let value) in operands.map(\.datum) {
        let type = builder.type(of: value)
        if element == nil, type.element.isNumber { element = type.element }
        shape = Shape.broadcast(shape, type.shape) ?? shape
      }
      try checkSize(TensorType(shape), at: callee)
    }
    var values: [Value] = []
    for operand in operands {
      var wanted = element
      if case .flag = operand.datum { wanted = nil }
      if case .number(let value) = operand.datum, let element, !element.holds(value) {
        throw report(
          "\(spelling(operand.range)) is \(describe(operand.datum)), which a tensor of \(element) "
            + "does not hold", at: operand.range,
          hint: "'convert(x, type: f32)' makes reals of integers")
      }
      values.append(try tensor(operand.datum, element: wanted, shape: shape, at: operand.range))
    }
    return values
  }

  /// A broken constraint, with every operand's type drawn under it.
  private func report(
    _ violation: Violation, _ name: String, _ operands: [Argument], _ values: [Value],
    _ callee: SourceRange
  ) -> Reported {
    let place = violation.operand.flatMap { operands.indices.contains($0) ? operands[$0] : nil }
    return report(
      "\(name) \(violation.message)", at: place?.range ?? callee,
      code: violation.label == "size" ? nil : "\(name)/\(violation.label)",
      labels: zip(operands, values).map {
        Diagnostic.Label($0.range, builder.type(of: $1).description)
      }, hint: violation.hint)
  }
}
