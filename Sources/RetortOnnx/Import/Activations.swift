import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let activations: [OnnxOperator] = [
    unary("Relu", Relu()), unary("Sigmoid", Sigmoid()), unary("Tanh", Tanh()),
    .one("LeakyRelu") { t in
      try t.apply(LeakyRelu(slope: try t.float("alpha", default: 0.01)), t.input(0))
    },
    .one("PRelu") { t in
      let x = try t.input(0)
      var slope = try t.input(1)
      // Writers of old models give an entry a channel without the axes behind it.
      let extents = t.shape(of: x)
      if extents.count > 2, t.shape(of: slope) == [extents[1]], extents.last != extents[1] {
        slope = try t.reshape(slope, [extents[1]] + extents.dropFirst(2).map { _ in 1 })
      }
      return try t.select(try isPositive(t, x), x, try t.mul(x, slope))
    },
    .one("Elu") { t in
      try exponentialUnit(t, alpha: try t.float("alpha", default: 1), gamma: 1)
    },
    .one("Selu") { t in
      try exponentialUnit(
        t, alpha: try t.float("alpha", default: 1.67326319217681884765625),
        gamma: try t.float("gamma", default: 1.05070102214813232421875))
    },
    .one("Celu") { t in
      let x = try t.input(0)
      let alpha = try t.float("alpha", default: 1)
      let low = try t.mul(try exponentialMinusOne(t, try t.mul(x, 1 / alpha)), alpha)
      return try t.add(try t.max(x, 0), low)
    },
    .one("Softplus") { t in try softplus(t, t.input(0)) },
    .one("Softsign") { t in
      let x = try t.input(0)
      return try t.div(x, try t.add(try t.apply(Abs(), x), 1))
    },
    .one("ThresholdedRelu") { t in
      let x = try t.input(0)
      let alpha = t.number(try t.float("alpha", default: 1), like: x)
      return try t.select(try t.elementwise(Greater(), x, alpha), x, t.number(0, like: x))
    },
    .one("HardSigmoid") { t in
      let (alpha, beta) = (
        try t.float("alpha", default: 0.2), try t.float("beta", default: 0.5)
      )
      return try hardSigmoid(t, t.input(0), alpha: alpha, beta: beta)
    },
    .one("HardSwish", since: 14) { t in
      let x = try t.input(0)
      return try t.mul(x, try hardSigmoid(t, x, alpha: 1.0 / 6, beta: 0.5))
    },
    .one("Mish", since: 18) { t in
      let x = try t.input(0)
      return try t.mul(x, try t.apply(Tanh(), try softplus(t, x)))
    },
    .one("Gelu", since: 20) { t in
      let x = try t.input(0)
      guard try t.choice("approximate", ["none", "tanh"]) == "tanh" else {
        return try t.apply(Gelu(), x)
      }
      let cube = try t.mul(try t.apply(Square(), x), x)
      let inner = try t.add(x, try t.mul(cube, 0.044715))
      let tanh = try t.apply(Tanh(), try t.mul(inner, (2 / Double.pi).squareRoot()))
      return try t.mul(try t.mul(x, 0.5), try t.add(tanh, 1))
    },
    .one("Swish", since: 24) { t in
      let x = try t.input(0)
      let alpha = try t.float("alpha", default: 1)
      if alpha == 1 { return try t.apply(Swish(), x) }
      return try t.mul(x, try t.apply(Sigmoid(), try t.mul(x, alpha)))
    },
    .one("Shrink") { t in
      let x = try t.input(0)
      let (bias, bound) = (try t.float("bias", default: 0), try t.float("lambd", default: 0.5))
      let low = try t.elementwise(Less(), x, t.number(-bound, like: x))
      let high = try t.elementwise(Greater(), x, t.number(bound, like: x))
      let rest = try t.select(high, try t.add(x, -bias), t.number(0, like: x))
      return try t.select(low, try t.add(x, bias), rest)
    },
    OnnxOperator("Dropout", limits: "not in training mode", dropout),
  ]

  private static func isPositive(_ t: NodeImport, _ x: Operand) throws -> Operand {
    try t.elementwise(Greater(), x, t.number(0, like: x))
  }

  /// `exp(min(x, 0)) − 1`: what is not wanted above 0 does not overflow.
  private static func exponentialMinusOne(_ t: NodeImport, _ x: Operand) throws -> Operand {
    try t.add(try t.apply(Exp(), try t.min(x, 0)), -1)
  }

  private static func exponentialUnit(
    _ t: NodeImport, alpha: Double, gamma: Double
  ) throws -> Operand {
    let x = try t.input(0)
    let low = try t.mul(try exponentialMinusOne(t, x), alpha)
    return try t.mul(try t.select(try isPositive(t, x), x, low), gamma)
  }

  /// `log(1 + eˣ)`, written so that nothing overflows.
  private static func softplus(_ t: NodeImport, _ x: Operand) throws -> Operand {
    let decay = try t.apply(Exp(), try t.apply(Neg(), try t.apply(Abs(), x)))
    return try t.add(try t.max(x, 0), try t.apply(Log(), try t.add(decay, 1)))
  }

  private static func hardSigmoid(
    _ t: NodeImport, _ x: Operand, alpha: Double, beta: Double
  ) throws -> Operand {
    let line = try t.add(try t.mul(x, alpha), beta)
    return try t.elementwise(Clamp(), line, t.number(0, like: x), t.number(1, like: x))
  }

  /// The identity; the mask is all true.
  private static func dropout(_ t: NodeImport) throws -> [Operand?] {
    t.ignore(attributes: ["seed", "ratio"])
    let x = try t.input(0)
    let ratio = try t.scalarInput(1, "ratio") ?? 0.5
    if try t.scalarInput(2, "training mode") ?? 0 != 0, ratio != 0 {
      throw ImportFailure(
        "it drops at random, as in training", hint: "export the model in inference mode")
    }
    let mask = try t.apply(Fill(1, t.type(of: x).shape, .bool))
    return [x, mask]
  }
}
