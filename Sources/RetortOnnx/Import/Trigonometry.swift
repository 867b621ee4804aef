import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  /// Circular and hyperbolic functions, composed of operations that exist. In f32 the error of
  /// `Sin` and `Cos` up to |x| = 1e4 is at most 5e-7; that of `Tan` is 5e-7 / |cos x|, relative where
  /// it is above 1. The others have a relative error of about 1e-6. In f64 the polynomials alone
  /// leave 1e-7. Models of pictures use them for encodings of positions.
  static let trigonometry: [OnnxOperator] = [
    .one("Sin", limits: "up to |x| = 1e4") { t in
      let (rest, sign) = try reduced(t, t.input(0))
      return try t.mul(try sine(t, rest), sign)
    },
    .one("Cos", limits: "up to |x| = 1e4") { t in
      let (rest, sign) = try reduced(t, t.input(0))
      return try t.mul(try cosine(t, rest), sign)
    },
    .one("Tan", limits: "up to |x| = 1e4") { t in
      let (rest, _) = try reduced(t, t.input(0))
      return try t.div(try sine(t, rest), try cosine(t, rest))
    },
    .one("Atan") { t in try arctangent(t, t.input(0)) },
    .one("Asin") { t in try arcsine(t, t.input(0)) },
    .one("Acos") { t in
      // 2 atan √((1 − x) / (1 + x)): near 1, where π/2 − asin x would cancel, it keeps its digits.
      let x = try t.input(0)
      let ratio = try t.div(
        try t.add(try t.apply(Neg(), x), 1), try t.add(x, 1))
      return try t.mul(try arctangent(t, try t.apply(Sqrt(), ratio)), 2)
    },
    .one("Sinh") { t in
      let x = try t.input(0)
      return try nearZero(
        t, x, below: 0.5, odd: [1, 1.0 / 6, 1.0 / 120, 1.0 / 5_040],
        else: try t.sub(try halfPower(t, x), try halfPower(t, try t.apply(Neg(), x))))
    },
    .one("Cosh") { t in
      let x = try t.input(0)
      return try t.add(try halfPower(t, x), try halfPower(t, try t.apply(Neg(), x)))
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

  /// `x` without the nearest multiple of π, at most π/2, and the sign that this multiple turns a
  /// sine by. It is taken off in three parts, of which the first two have few bits, so that their
  /// products with a small whole number are exact.
  ///
  /// Source: Cody and Waite 1980; the parts are those of Cephes' `sinf`, times 4.
  private static func reduced(
    _ t: NodeImport, _ x: Operand
  ) throws -> (rest: Operand, sign: Operand) {
    let turns = try t.apply(Round(), try t.mul(x, 1 / Double.pi))
    let (coarse, middle) = (3.140625, 9.67502593994140625e-4)
    var rest = try t.sub(x, try t.mul(turns, coarse))
    rest = try t.sub(rest, try t.mul(turns, middle))
    rest = try t.sub(rest, try t.mul(turns, Double.pi - coarse - middle))
    // 1 − 2 · (turns mod 2).
    let even = try t.mul(try t.apply(Floor(), try t.mul(turns, 0.5)), 2)
    let odd = try t.sub(turns, even)
    return (rest, try t.add(try t.mul(odd, -2), 1))
  }

  /// Taylor's polynomial of degree 11, for at most π/2.
  private static func sine(_ t: NodeImport, _ x: Operand) throws -> Operand {
    try oddPolynomial(
      t, x, [1, -1.0 / 6, 1.0 / 120, -1.0 / 5_040, 1.0 / 362_880, -1.0 / 39_916_800])
  }

  /// `sin(π/2 − |x|)` for at most π/2. The first part of π/2 has few bits, so that nothing is lost
  /// beside the zeros.
  private static func cosine(_ t: NodeImport, _ x: Operand) throws -> Operand {
    let coarse = try t.add(try t.apply(Neg(), try t.apply(Abs(), x)), 1.5703125)
    return try sine(t, try t.add(coarse, .pi / 2 - 1.5703125))
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

  /// `atan(x / √((1 − x)(1 + x)))`, which is ±π/2 at ±1 and NaN beyond.
  private static func arcsine(_ t: NodeImport, _ x: Operand) throws -> Operand {
    let rest = try t.mul(try t.add(try t.apply(Neg(), x), 1), try t.add(x, 1))
    return try arctangent(t, try t.div(x, try t.apply(Sqrt(), rest)))
  }

  /// `eˣ / 2`, as large as that may be.
  private static func halfPower(_ t: NodeImport, _ x: Operand) throws -> Operand {
    let root = try t.apply(Exp(), try t.mul(x, 0.5))
    return try t.mul(root, try t.mul(root, 0.5))
  }

  /// `sign(x) · log(|x| + √(x² + 1))`, which is `log 2|x|` where the square would overflow.
  private static func areaSine(_ t: NodeImport, _ x: Operand) throws -> Operand {
    let magnitude = try t.apply(Abs(), x)
    let isLarge = try t.elementwise(Greater(), magnitude, t.number(1e4, like: x))
    let small = try t.min(magnitude, 1e4)
    let root = try t.apply(Sqrt(), try t.add(try t.apply(Square(), small), 1))
    let logarithm = try t.select(
      isLarge, try t.add(try t.apply(Log(), magnitude), 0.693147180559945309),
      try t.apply(Log(), try t.add(small, root)))
    return try nearZero(
      t, x, below: 0.25, odd: [1, -1.0 / 6, 3.0 / 40, -15.0 / 336],
      else: try t.mul(logarithm, try t.apply(Sign(), x)))
  }
}
