import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  /// Circular and hyperbolic functions, composed of operations that exist. Models of pictures use
  /// them for encodings of positions.
  static let trigonometry: [OnnxOperator] = [
    .one("Sin", limits: "exact to about 1e-6 up to |x| = 1e4") { t in try sine(t, t.input(0)) },
    .one("Cos", limits: "exact to about 1e-6 up to |x| = 1e4") { t in
      try sine(t, try t.add(t.input(0), .pi / 2))
    },
  ]

  /// `sin(x)` by the nearest multiple of π, which is taken off in two parts, and Taylor's polynomial
  /// of degree 11 on what is left, at most π/2.
  static func sine(_ t: NodeImport, _ x: Operand) throws -> Operand {
    let turns = try t.apply(Round(), try t.mul(x, 1 / Double.pi))
    // 3.140625 has few bits, so that its product with a small whole number is exact.
    let coarse = try t.sub(x, try t.mul(turns, 3.140625))
    let rest = try t.sub(coarse, try t.mul(turns, Double.pi - 3.140625))
    let square = try t.apply(Square(), rest)
    let coefficients = [-1.0 / 39_916_800, 1.0 / 362_880, -1.0 / 5_040, 1.0 / 120, -1.0 / 6]
    var sum = try t.mul(square, coefficients[0])
    for coefficient in coefficients.dropFirst() {
      sum = try t.mul(try t.add(sum, coefficient), square)
    }
    let positive = try t.mul(rest, try t.add(sum, 1))
    // The sign turns with every half turn: 1 − 2 · (turns mod 2).
    let odd = try t.sub(
      turns, try t.mul(try t.apply(Floor(), try t.mul(turns, 0.5)), 2))
    return try t.mul(positive, try t.add(try t.mul(odd, -2), 1))
  }
}
