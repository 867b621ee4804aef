import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  /// Circular and hyperbolic functions, composed of operations that exist; their relative error in
  /// f32 is about 1e-6. Models of pictures use them for encodings of positions.
  static let trigonometry: [OnnxOperator] = [
    .one("Sin", limits: "up to |x| = 1e4") { t in try sine(t, t.input(0)) },
    .one("Cos", limits: "up to |x| = 1e4") { t in
      try sine(t, try t.add(t.input(0), .pi / 2))
    },
    .one("Tan", limits: "up to |x| = 1e4") { t in
      let x = try t.input(0)
      return try t.div(try sine(t, x), try sine(t, try t.add(x, .pi / 2)))
    },
    .one("Atan") { t in try arctangent(t, t.input(0)) },
    .one("Asin") { t in try arcsine(t, t.input(0)) },
    .one("Acos") { t in
      try t.add(try t.apply(Neg(), try arcsine(t, t.input(0))), .pi / 2)
    },
    .one("Sinh") { t in
      let x = try t.input(0)
      let growth = try t.apply(Exp(), x)
      let decay = try t.apply(Exp(), try t.apply(Neg(), x))
      return try nearZero(
        t, x, below: 0.5, odd: [1, 1.0 / 6, 1.0 / 120, 1.0 / 5_040],
        else: try t.mul(try t.sub(growth, decay), 0.5))
    },
    .one("Cosh") { t in
      let x = try t.input(0)
      let growth = try t.apply(Exp(), x)
      let decay = try t.apply(Exp(), try t.apply(Neg(), x))
      return try t.mul(try t.add(growth, decay), 0.5)
    },
    .one("Asinh") { t in try areaSine(t, t.input(0)) },
    .one("Acosh") { t in
      // Nothing cancels at 1, where log(x + √(x² − 1)) would lose its digits.
      let half = try t.mul(try t.add(t.input(0), -1), 0.5)
      return try t.mul(try areaSine(t, try t.apply(Sqrt(), half)), 2)
    },
    .one("Atanh") { t in
      let x = try t.input(0)
      let ratio = try t.div(try t.add(x, 1), try t.add(try t.apply(Neg(), x), 1))
      return try nearZero(
        t, x, below: 0.25, odd: [1, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9],
        else: try t.mul(try t.apply(Log(), ratio), 0.5))
    },
  ]

  /// `Σ cᵢ x²ⁱ⁺¹`.
  private static func oddPolynomial(
    _ t: NodeImport, _ x: Operand, _ coefficients: [Double]
  ) throws -> Operand {
    let square = try t.apply(Square(), x)
    var sum = t.number(coefficients.last!, like: x)
    for coefficient in coefficients.dropLast().reversed() {
      sum = try t.add(try t.mul(sum, square), coefficient)
    }
    return try t.mul(sum, x)
  }

  /// A polynomial where a formula would subtract what is nearly equal.
  private static func nearZero(
    _ t: NodeImport, _ x: Operand, below bound: Double, odd coefficients: [Double],
    else y: Operand
  ) throws -> Operand {
    let isNear = try t.elementwise(Less(), try t.apply(Abs(), x), t.number(bound, like: x))
    return try t.select(isNear, try oddPolynomial(t, x, coefficients), y)
  }

  /// `sin(x)` by the nearest multiple of π, which is taken off in two parts, and Taylor's polynomial
  /// of degree 11 on what is left, at most π/2.
  private static func sine(_ t: NodeImport, _ x: Operand) throws -> Operand {
    let turns = try t.apply(Round(), try t.mul(x, 1 / Double.pi))
    // 3.140625 has few bits, so that its product with a small whole number is exact.
    let coarse = try t.sub(x, try t.mul(turns, 3.140625))
    let rest = try t.sub(coarse, try t.mul(turns, Double.pi - 3.140625))
    let y = try oddPolynomial(
      t, rest, [1, -1.0 / 6, 1.0 / 120, -1.0 / 5_040, 1.0 / 362_880, -1.0 / 39_916_800])
    // The sign turns with every half turn: 1 − 2 · (turns mod 2).
    let even = try t.mul(try t.apply(Floor(), try t.mul(turns, 0.5)), 2)
    let odd = try t.sub(turns, even)
    return try t.mul(y, try t.add(try t.mul(odd, -2), 1))
  }

  /// The argument is brought below tan(π/8) by `atan x = π/2 − atan(1/x)` and
  /// `atan x = π/4 + atan((x − 1) / (x + 1))`.
  private static func arctangent(_ t: NodeImport, _ x: Operand) throws -> Operand {
    let magnitude = try t.apply(Abs(), x)
    let isLarge = try t.elementwise(Greater(), magnitude, t.number(1, like: x))
    let small = try t.select(isLarge, try t.apply(Reciprocal(), magnitude), magnitude)
    let isMiddle = try t.elementwise(Greater(), small, t.number(0.414213562373095, like: x))
    let turned = try t.div(try t.add(small, -1), try t.add(small, 1))
    let series = try oddPolynomial(
      t, try t.select(isMiddle, turned, small),
      [1, -1.0 / 3, 1.0 / 5, -1.0 / 7, 1.0 / 9, -1.0 / 11, 1.0 / 13])
    var y = try t.select(isMiddle, try t.add(series, .pi / 4), series)
    y = try t.select(isLarge, try t.add(try t.apply(Neg(), y), .pi / 2), y)
    return try t.mul(y, try t.apply(Sign(), x))
  }

  /// `atan(x / √(1 − x²))`, which is ±π/2 at ±1 and NaN beyond.
  private static func arcsine(_ t: NodeImport, _ x: Operand) throws -> Operand {
    let rest = try t.add(try t.apply(Neg(), try t.apply(Square(), x)), 1)
    return try arctangent(t, try t.div(x, try t.apply(Sqrt(), rest)))
  }

  /// `sign(x) · log(|x| + √(x² + 1))`.
  private static func areaSine(_ t: NodeImport, _ x: Operand) throws -> Operand {
    let magnitude = try t.apply(Abs(), x)
    let root = try t.apply(Sqrt(), try t.add(try t.apply(Square(), x), 1))
    let logarithm = try t.apply(Log(), try t.add(magnitude, root))
    return try nearZero(
      t, x, below: 0.25, odd: [1, -1.0 / 6, 3.0 / 40, -15.0 / 336],
      else: try t.mul(logarithm, try t.apply(Sign(), x)))
  }
}
