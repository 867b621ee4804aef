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
      .one("Div", quotient), .one("Pow", power), .one("Mod", remainder),
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
        return try t.convert(t.input(0), try element(Int64(number)))
      },
      .one("CastLike", since: 15) { t in
        t.ignore(attributes: ["saturate", "round_mode"])
        return try t.convert(t.input(0), t.element(of: t.input(1)))
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

  /// Integers are divided toward zero, where `div` rounds down.
  private static func quotient(_ t: NodeImport) throws -> Operand {
    let (a, b) = (try t.input(0), try t.input(1))
    guard t.element(of: a).isInteger, t.element(of: a) != .u32 else { return try t.div(a, b) }
    let magnitude = try t.div(try t.apply(Abs(), a), try t.apply(Abs(), b))
    let sign = try t.mul(try t.apply(Sign(), a), try t.apply(Sign(), b))
    return try t.mul(magnitude, sign)
  }

  /// The exponent may be of another type than the base, which the result has.
  private static func power(_ t: NodeImport) throws -> Operand {
    let (a, b) = (try t.input(0), try t.input(1))
    let element = t.element(of: a)
    // What is squared, as norms do, has a kernel of its own.
    if element.isReal, case .known(let exponent) = b, exponent.tensor.elementCount == 1 {
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
    let quotient: Operand
    if try t.flag("fmod", default: false) {
      let ratio = try t.div(try t.apply(Abs(), a), try t.apply(Abs(), b))
      let whole = t.element(of: a).isReal ? try t.apply(Floor(), ratio) : ratio
      quotient = try t.mul(
        whole, try t.mul(try t.apply(Sign(), a), try t.apply(Sign(), b)))
    } else {
      let ratio = try t.div(a, b)
      quotient = t.element(of: a).isReal ? try t.apply(Floor(), ratio) : ratio
    }
    return try t.sub(a, try t.mul(quotient, b))
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
