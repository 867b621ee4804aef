import RetortIR
import RetortTensor
import RetortText

extension UnaryOperator {
  /// The operation on tensors that the sign stands for.
  var operation: String {
    switch self {
    case .negate: "neg"
    case .not: "not"
    }
  }
}

extension BinaryOperator {
  /// The operation on tensors that the sign stands for; nil where there is none.
  var operation: String? {
    switch self {
    case .add: "add"
    case .subtract: "sub"
    case .multiply: "mul"
    case .divide: "div"
    case .remainder: nil
    case .less: "less"
    case .lessOrEqual: "less_equal"
    case .greater: "greater"
    case .greaterOrEqual: "greater_equal"
    case .equal: "equal"
    case .notEqual: "not_equal"
    case .and: "and"
    case .or: "or"
    }
  }
}

extension Elaborator {
  func unary(
    _ sign: UnaryOperator, _ operand: Expression, at range: SourceRange
  ) throws(Reported) -> Datum {
    let datum = try evaluate(operand)
    switch (sign, datum) {
    case (.negate, .integer(let value)):
      let (negative, overflow) = 0.subtractingReportingOverflow(value)
      guard !overflow else { throw report("-(\(value)) is too large for an Int", at: range) }
      return .integer(negative)
    case (.negate, .number(let value)): return .number(-value)
    case (.not, .flag(let value)): return .flag(!value)
    case (_, .tensor):
      let argument = Argument(label: nil, datum: datum, range: operand.range)
      return try apply(sign.operation, [argument], at: range)
    default:
      throw report(
        "'\(sign.rawValue)' has no meaning for \(describe(datum))", at: operand.range)
    }
  }

  func binary(
    _ sign: BinaryOperator, _ left: Expression, _ right: Expression, at range: SourceRange
  ) throws(Reported) -> Datum {
    let a = try evaluate(left)
    // The second operand need not make sense where the first decides: `i > 0 && list[i - 1] == 2`.
    switch (sign, a) {
    case (.and, .flag(false)), (.or, .flag(true)): return a
    default: break
    }
    let b = try evaluate(right)
    let areTensorial = (
      try isTensorial(a, at: left.range), try isTensorial(b, at: right.range)
    )
    if areTensorial.0 || areTensorial.1 {
      guard let operation = sign.operation else {
        throw report("'\(sign.rawValue)' has no meaning for tensors", at: range)
      }
      let arguments = [
        Argument(label: nil, datum: a, range: left.range),
        Argument(label: nil, datum: b, range: right.range),
      ]
      return try apply(operation, arguments, at: range)
    }
    return try combine(sign, a, b, at: range)
  }

  private func apply(
    _ operation: String, _ arguments: [Argument], at range: SourceRange
  ) throws(Reported) -> Datum {
    guard let op = catalog[operation] else {
      throw report("there is no operation '\(operation)'", at: range)
    }
    return try perform(op, arguments, at: range, callee: range)[0]
  }

  private func combine(
    _ sign: BinaryOperator, _ a: Datum, _ b: Datum, at range: SourceRange
  ) throws(Reported) -> Datum {
    switch sign {
    case .equal, .notEqual:
      if let same = try areEqual(a, b, at: range) { return .flag(same == (sign == .equal)) }
    case .and, .or:
      // The deciding first operands have been dealt with.
      if case (.flag, .flag) = (a, b) { return b }
    default:
      if case (.integer(let x), .integer(let y)) = (a, b) {
        return try combine(sign, x, y, at: range)
      }
      if let x = a.double, let y = b.double, let result = Self.combine(sign, x, y) {
        return result
      }
    }
    throw report(
      "'\(sign.rawValue)' has no meaning for \(describe(a)) and \(describe(b))", at: range)
  }

  private func combine(
    _ sign: BinaryOperator, _ x: Int, _ y: Int, at range: SourceRange
  ) throws(Reported) -> Datum {
    let (result, overflow): (Int, Bool)
    switch sign {
    case .less: return .flag(x < y)
    case .lessOrEqual: return .flag(x <= y)
    case .greater: return .flag(x > y)
    case .greaterOrEqual: return .flag(x >= y)
    case .add: (result, overflow) = x.addingReportingOverflow(y)
    case .subtract: (result, overflow) = x.subtractingReportingOverflow(y)
    case .multiply: (result, overflow) = x.multipliedReportingOverflow(by: y)
    case .divide:
      // The least Int has no remainder by -1; the quotient below is what is too large.
      if y != 0, y != -1, x % y != 0 { return .number(Double(x) / Double(y)) }
      (result, overflow) = x.dividedReportingOverflow(by: y)
    default: (result, overflow) = Self.floorRemainder(x, y)
    }
    if y == 0, sign == .divide || sign == .remainder {
      throw report("\(x) \(sign.rawValue) 0 is a division by zero", at: range)
    }
    guard !overflow else {
      throw report("\(x) \(sign.rawValue) \(y) is too large for an Int", at: range)
    }
    return .integer(result)
  }

  private static func combine(_ sign: BinaryOperator, _ x: Double, _ y: Double) -> Datum? {
    switch sign {
    case .add: .number(x + y)
    case .subtract: .number(x - y)
    case .multiply: .number(x * y)
    case .divide: .number(x / y)
    case .less: .flag(x < y)
    case .lessOrEqual: .flag(x <= y)
    case .greater: .flag(x > y)
    case .greaterOrEqual: .flag(x >= y)
    case .remainder, .equal, .notEqual, .and, .or: nil
    }
  }

  /// The quotient rounded down, and whether there is none.
  static func floorQuotient(_ x: Int, _ y: Int) -> (Int, Bool) {
    let (quotient, overflow) = x.dividedReportingOverflow(by: y)
    guard !overflow else { return (0, true) }
    return (x % y != 0 && (x < 0) != (y < 0) ? quotient - 1 : quotient, false)
  }

  /// What `floorQuotient` leaves.
  private static func floorRemainder(_ x: Int, _ y: Int) -> (Int, Bool) {
    let (remainder, overflow) = x.remainderReportingOverflow(dividingBy: y)
    guard !overflow else { return (0, true) }
    return (remainder != 0 && (x < 0) != (y < 0) ? remainder + y : remainder, false)
  }
}
