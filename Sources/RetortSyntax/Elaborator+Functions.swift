import Glibc
import RetortIR
import RetortTensor
import RetortText

/// The functions of the language that are no operations.
enum Function: String, CaseIterable {
  case gradient, parameters, path, partial, shape, dim, rank, count, int, float
  case floorDiv = "floor_div"
  case sqrt, exp, log, floor, ceil, round, abs, min, max

  /// How it is called, for messages; also the number of arguments.
  var usage: String {
    switch self {
    case .gradient: "gradient(loss, x, …)"
    case .parameters: "parameters(\"prefix\")"
    case .path: "path(parameter)"
    case .partial: "partial(graph, name: value, …)"
    case .shape, .rank, .int, .float: "\(rawValue)(x)"
    case .dim: "dim(x, axis)"
    case .count: "count(list)"
    case .floorDiv: "floor_div(a, b)"
    case .sqrt, .exp, .log, .floor, .ceil, .round, .abs: "\(rawValue)(number)"
    case .min, .max: "\(rawValue)(a, b, …)"
    }
  }

  var counts: ClosedRange<Int> {
    switch self {
    case .gradient, .min, .max: 2...Int.max
    case .partial: 1...Int.max
    case .dim, .floorDiv: 2...2
    default: 1...1
    }
  }
}

extension Elaborator {
  func apply(
    _ function: Function, _ arguments: [Argument], _ callee: Identifier, at range: SourceRange
  ) throws(Reported) -> [Datum] {
    if function == .partial { return [try partial(arguments, callee)] }
    if let label = arguments.lazy.compactMap(\.label).first {
      throw report("'\(function.usage)' has no labels", at: label.range)
    }
    guard function.counts.contains(arguments.count) else {
      throw report(
        "'\(function.usage)' is called with \(Self.count(arguments.count, "argument"))",
        at: callee.range)
    }
    switch function {
    case .gradient: return try gradient(arguments, callee, at: range)
    case .parameters: return [try parameters(arguments[0])]
    case .path: return [try path(arguments[0])]
    case .shape, .rank, .dim: return [try ofShape(function, arguments)]
    case .count: return [try count(arguments[0])]
    case .floorDiv: return [try floorQuotient(arguments, at: range)]
    case .min, .max: return [try extreme(function, arguments)]
    default: return [try ofNumber(function, arguments[0])]
    }
  }

  // MARK: Gradients and parameters

  /// A result for each target; a list of targets gives a list.
  private func gradient(
    _ arguments: [Argument], _ callee: Identifier, at range: SourceRange
  ) throws(Reported) -> [Datum] {
    var operands = [try tensor(arguments[0].datum, at: arguments[0].range)]
    var ranges = [arguments[0].range]
    for argument in arguments.dropFirst() {
      let targets = try elements(of: argument.datum, at: argument.range) ?? [argument.datum]
      for datum in targets {
        guard case .tensor(let value) = datum else {
          throw report(
            "a gradient is taken with respect to tensors, but \(spelling(argument.range)) is "
              + describe(argument.datum), at: argument.range)
        }
        operands.append(value)
        ranges.append(argument.range)
      }
    }
    try spend(operands.count, at: range)
    var slopes: ArraySlice<Value> = []
    if operands.count > 1 {
      builder.origin = Origin(range: range, path: frame.path)
      do throws(Violation) {
        slopes = try builder.append(Gradient(), operands)[...]
      } catch {
        let place = error.operand.map { ranges[$0] } ?? callee.range
        let type = builder.type(of: operands[error.operand ?? 0]).description
        throw report(
          "gradient \(error.message)", at: place, code: "gradient/\(error.label)",
          labels: [Diagnostic.Label(place, type)], hint: error.hint)
      }
    }
    return arguments.dropFirst().map { argument in
      guard let count = argument.datum.elementCount else { return .tensor(slopes.removeFirst()) }
      return .list((0..<count).map { _ in .tensor(slopes.removeFirst()) })
    }
  }

  /// The parameters declared so far whose path is the prefix or lies under it.
  private func parameters(_ argument: Argument) throws(Reported) -> Datum {
    guard case .text(let relative) = argument.datum else {
      throw report(
        "'parameters' takes a path, but \(spelling(argument.range)) is \(describe(argument.datum))",
        at: argument.range)
    }
    try spend(weights.count, at: argument.range)
    let prefix = frame.joined(relative)
    let found = weights.filter { weight in
      !weight.isBuffer
        && (prefix.isEmpty || weight.path == prefix || weight.path.hasPrefix(prefix + "."))
    }
    if found.isEmpty, !relative.isEmpty {
      throw report(
        "no parameter is declared under '\(prefix)' before this line", at: argument.range,
        hint: Suggestion.nearest(to: relative, in: parameterPrefixes(near: relative))
          .map { "did you mean '\($0)'?" })
    }
    return .list(found.map { .tensor($0.value) })
  }

  /// What `parameters` finds something under, as the graph at hand writes it, where it is short
  /// enough to be what was meant.
  private func parameterPrefixes(near relative: String) -> [String] {
    let limit = 2 * min(relative.utf8.count, 100)
    let outer = frame.path.isEmpty ? "" : frame.path + "."
    let inside = weights.filter { !$0.isBuffer && $0.path.hasPrefix(outer) }
    return inside.flatMap { (weight) -> [String] in
      let path = weight.path.utf8.dropFirst(outer.utf8.count)
      let beginning = path.prefix(limit + 1)
      var ends = beginning.indices.filter { beginning[$0] == UInt8(ascii: ".") }
      if path.count <= limit { ends.append(path.endIndex) }
      return ends.map { String(Substring(path[..<$0])) }
    }
  }

  private func path(_ argument: Argument) throws(Reported) -> Datum {
    guard case .tensor(let value) = argument.datum, let weight = weightOfValue[value] else {
      throw report(
        "only parameters and buffers have a path, but \(spelling(argument.range)) is "
          + describe(argument.datum), at: argument.range)
    }
    return .text(weights[weight].path)
  }

  // MARK: Shapes and lists

  private func ofShape(_ function: Function, _ arguments: [Argument]) throws(Reported) -> Datum {
    let first = arguments[0]
    guard case .tensor(let value) = first.datum else {
      throw report(
        "'\(function.usage)' asks about a tensor, but \(spelling(first.range)) is "
          + describe(first.datum), at: first.range)
    }
    let shape = builder.shape(of: value)
    switch function {
    case .rank: return .integer(shape.rank)
    case .dim:
      guard case .integer(let axis) = arguments[1].datum, axis >= -shape.rank, axis < shape.rank
      else {
        throw report(
          "\(spelling(arguments[1].range)) is no axis of \(builder.type(of: value))",
          at: arguments[1].range)
      }
      return .integer(shape[axis < 0 ? axis + shape.rank : axis])
    default: return .list(shape.extents.map(Datum.integer))
    }
  }

  private func count(_ argument: Argument) throws(Reported) -> Datum {
    switch argument.datum {
    case .list(let list): return .integer(list.count)
    case .range(let range): return .integer(range.count)
    default:
      throw report(
        "'count(list)' counts a list, but \(spelling(argument.range)) is "
          + describe(argument.datum), at: argument.range)
    }
  }

  // MARK: Numbers

  private func floorQuotient(
    _ arguments: [Argument], at range: SourceRange
  ) throws(Reported) -> Datum {
    guard case .integer(let a) = arguments[0].datum, case .integer(let b) = arguments[1].datum
    else {
      throw report(
        "'floor_div' divides Ints, got \(describe(arguments[0].datum)) and "
          + describe(arguments[1].datum), at: range)
    }
    let (quotient, overflow) = Self.floorQuotient(a, b)
    guard !overflow else {
      throw report(
        b == 0 ? "floor_div(\(a), 0) is a division by zero" : "the quotient is too large",
        at: range)
    }
    return .integer(quotient)
  }

  private func extreme(_ function: Function, _ arguments: [Argument]) throws(Reported) -> Datum {
    var integers: [Int] = []
    var numbers: [Double] = []
    for argument in arguments {
      numbers.append(try self.number(function, argument))
      if case .integer(let value) = argument.datum { integers.append(value) }
    }
    // As Floats, large Ints may be the same though they differ.
    if integers.count == numbers.count, let first = integers.first {
      return .integer(
        integers.reduce(first) { (function == .min ? $1 < $0 : $1 > $0) ? $1 : $0 })
    }
    // Mixed with a Float, an Int is a Float; nan wins, as in the operation.
    if numbers.contains(where: \.isNaN) { return .number(.nan) }
    let first = numbers.first ?? .nan
    return .number(numbers.reduce(first) { (function == .min ? $1 < $0 : $1 > $0) ? $1 : $0 })
  }

  private func number(_ function: Function, _ argument: Argument) throws(Reported) -> Double {
    guard let number = argument.datum.double else {
      throw report(
        "'\(function.usage)' takes numbers, but \(spelling(argument.range)) is "
          + describe(argument.datum), at: argument.range)
    }
    return number
  }

  private func ofNumber(_ function: Function, _ argument: Argument) throws(Reported) -> Datum {
    let number = try self.number(function, argument)
    switch function {
    case .int:
      if case .integer = argument.datum { return argument.datum }
      guard let whole = Int(exactly: number.rounded(.towardZero)) else {
        throw report("\(AttributeValue.spelling(number)) fits no Int", at: argument.range)
      }
      return .integer(whole)
    case .abs:
      guard case .integer(let value) = argument.datum else { return .number(number.magnitude) }
      guard value != .min else {
        throw report("abs(\(value)) is too large for an Int", at: argument.range)
      }
      return .integer(Swift.abs(value))
    case .floor: return .number(number.rounded(.down))
    case .ceil: return .number(number.rounded(.up))
    case .round: return .number(number.rounded(.toNearestOrEven))
    case .sqrt: return .number(number.squareRoot())
    case .exp: return .number(Glibc.exp(number))
    case .log: return .number(Glibc.log(number))
    default: return .number(number)
    }
  }
}
