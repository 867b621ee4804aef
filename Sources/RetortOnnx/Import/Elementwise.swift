import RetortFormats
import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let elementwise: [OnnxOperator] =
    [
      unary("Abs", Abs()), unary("Neg", Neg()), unary("Sign", Sign()), unary("Exp", Exp()),
      unary("Log", Log()), unary("Sqrt", Sqrt()), unary("Reciprocal", Reciprocal()),
      unary("Floor", Floor()), unary("Ceil", Ceil()), unary("Round", Round()),
      unary("Erf", Erf()),
      binary("Add", Add()), binary("Sub", Sub()), binary("Mul", Mul()),
      .one("Div", quotient), .one("Pow", power),
      .one("Mod", limits: "of reals, quotients below 2^24 in f32", remainder),
      .one("Max") { t in try folded(t) { try t.max($0, $1) } },
      .one("Min") { t in try folded(t) { try t.min($0, $1) } },
      .one("Sum") { t in try folded(t) { try t.add($0, $1) } },
      .one("Mean") { t in
        try t.mul(try folded(t) { try t.add($0, $1) }, 1 / Double(t.inputCount))
      },
      .one("Clip", clip),
      .one("Cast", limits: "half precision is computed as float32, 8 and 16 bits as int32") { t in
        t.ignore(attributes: ["saturate", "round_mode"])
        guard let number = try t.integer("to") else {
          throw ImportFailure("its attribute 'to' is missing")
        }
        return try cast(t, t.input(0), to: try OnnxElement(number: Int64(number)))
      },
      .one("CastLike", since: 15) { t in
        t.ignore(attributes: ["saturate", "round_mode"])
        return try cast(t, t.input(0), to: OnnxElement(t.element(of: t.input(1))))
      },
    ] + trigonometry

  static func unary(_ name: String, _ op: any TensorOp) -> OnnxOperator {
    .one(name) { t in try t.apply(op, t.input(0)) }
  }

  static func binary(_ name: String, _ op: any TensorOp) -> OnnxOperator {
    .one(name) { t in try t.elementwise(op, t.input(0), t.input(1)) }
  }

  /// An operator on any number of inputs, two at a time.
  private static func folded(
    _ t: NodeImport, _ combine: (Operand, Operand) throws -> Operand
  ) throws -> Operand {
    let inputs = try t.inputs()
    return try inputs.dropFirst().reduce(inputs[0], combine)
  }

  /// The element type of a number of `TensorProto.DataType` in memory; half precision is widened.
  static func element(_ number: Int64) throws -> ElementType {
    let element = try OnnxElement(number: number).element
    return element == .f16 || element == .bf16 ? .f32 : element
  }

  /// Between integers the high bits are discarded, where `convert` takes the nearest end.
  private static func cast(
    _ t: NodeImport, _ x: Operand, to target: OnnxElement
  ) throws -> Operand {
    let element = try element(target.rawValue)
    guard let (width, isSigned) = integers[target], t.element(of: x).isInteger,
      width < 64, t.element(of: x) != element || width < 32
    else { return try t.convert(x, element) }
    let wide = try t.convert(x, .i64)
    let modulus = Double(sign: .plus, exponent: width, significand: 1)
    // `div` rounds down, so what is left is at least 0.
    let turns = try t.div(wide, t.number(modulus, like: wide))
    let low = try t.sub(wide, try t.mul(turns, modulus))
    guard isSigned else { return try t.convert(low, element) }
    let isNegative = try t.div(low, t.number(modulus / 2, like: low))
    return try t.convert(try t.sub(low, try t.mul(isNegative, modulus)), element)
  }

  /// Integer types by their widths, and whether they have a sign.
  private static let integers: [OnnxElement: (width: Int, isSigned: Bool)] = [
    .uint8: (8, false), .int8: (8, true), .uint16: (16, false), .int16: (16, true),
    .uint32: (32, false), .int32: (32, true), .uint64: (64, false), .int64: (64, true),
  ]

  private static func quotient(_ t: NodeImport) throws -> Operand {
    let (a, b) = (try t.input(0), try t.input(1))
    return t.element(of: a).isInteger ? try truncatedQuotient(t, a, b) : try t.div(a, b)
  }

  /// Integers divided toward zero, where `div` rounds down.
  private static func truncatedQuotient(
    _ t: NodeImport, _ a: Operand, _ b: Operand
  ) throws -> Operand {
    let down = try t.div(a, b)
    guard t.element(of: a) != .u32 else { return down }
    func isNegative(_ x: Operand) throws -> Operand {
      try t.elementwise(Less(), x, t.number(0, like: x))
    }
    let isNegative = try t.elementwise(Xor(), try isNegative(a), try isNegative(b))
    // By 0 `div` gives 0, which no addition may follow.
    let isWhole = try t.elementwise(
      Or(), try t.elementwise(Equal(), try t.mul(down, b), a),
      try t.elementwise(Equal(), b, t.number(0, like: b)))
    let isRounded = try t.elementwise(And(), isNegative, try t.apply(Not(), isWhole))
    return try t.add(down, try t.convert(isRounded, t.element(of: a)))
  }

  /// The exponent may be of another type than the base, which the result has.
  private static func power(_ t: NodeImport) throws -> Operand {
    let (a, b) = (try t.input(0), try t.input(1))
    let element = t.element(of: a)
    // What is squared, as norms do, has a kernel of its own. A weight may be replaced.
    if element.isReal, case .known(let exponent) = b, !exponent.isWeight,
      exponent.tensor.elementCount == 1
    {
      let shape = Shape.broadcast(t.type(of: a).shape, exponent.tensor.shape)
      switch exponent.tensor.doubles[0] {
      case 2: return try t.apply(Square(), t.broadcast(a, to: shape?.extents ?? []))
      case 0.5: return try t.apply(Sqrt(), t.broadcast(a, to: shape?.extents ?? []))
      default: break
      }
    }
    let computed = element.isReal ? element : .f64
    let y = try t.elementwise(Pow(), try t.convert(a, computed), try t.convert(b, computed))
    return try t.convert(y, element)
  }

  /// With `fmod` the result has the dividend's sign, else the divisor's.
  private static func remainder(_ t: NodeImport) throws -> Operand {
    let (a, b) = (try t.input(0), try t.input(1))
    let isTruncated = try t.flag("fmod", default: false)
    let quotient: Operand
    if t.element(of: a).isInteger {
      quotient = try isTruncated ? truncatedQuotient(t, a, b) : t.div(a, b)
    } else if isTruncated {
      let ratio = try t.div(try t.apply(Abs(), a), try t.apply(Abs(), b))
      quotient = try t.mul(
        try t.apply(Floor(), ratio), try t.mul(try t.apply(Sign(), a), try t.apply(Sign(), b)))
    } else {
      quotient = try t.apply(Floor(), try t.div(a, b))
    }
    let rest = try t.sub(a, try t.mul(quotient, b))
    guard t.element(of: a).isReal else { return rest }
    // By an infinite divisor everything finite is its own remainder, where 0 · ∞ is NaN.
    func isInfinite(_ x: Operand) throws -> Operand {
      try t.elementwise(Equal(), try t.apply(Abs(), x), t.number(.infinity, like: x))
    }
    let keeps = try t.elementwise(
      And(), try isInfinite(b), try t.apply(Not(), try isInfinite(a)))
    if isTruncated { return try t.select(keeps, a, rest) }
    // With the divisor's sign it is the divisor itself, one turn away, where theirs differ.
    let signs = try t.mul(try t.apply(Sign(), a), try t.apply(Sign(), b))
    let differ = try t.elementwise(Less(), signs, t.number(0, like: signs))
    return try t.select(keeps, try t.select(differ, b, a), rest)
  }

  /// Where the bounds cross, the upper one counts.
  private static func clip(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    switch (t.optional(1), t.optional(2)) {
    case (let low?, let high?): return try t.elementwise(Clamp(), x, low, high)
    case (let low?, nil): return try t.max(x, low)
    case (nil, let high?): return try t.min(x, high)
    case (nil, nil): return x
    }
  }
}
