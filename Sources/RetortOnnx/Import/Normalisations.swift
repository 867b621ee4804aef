import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let normalisations: [OnnxOperator] = [
    OnnxOperator("BatchNormalization", limits: "not in training mode", batchNormalisation),
    .one("InstanceNormalization") { t in
      let x = try t.input(0)
      let axes = Array(t.shape(of: x).indices.dropFirst(2))
      let y = try standardised(t, x, axes: axes, epsilon: try t.float("epsilon", default: 1e-5)).y
      return try scaled(t, y, t.input(1), t.input(2))
    },
    .one("GroupNormalization", since: 18, groupNormalisation),
    OnnxOperator("LayerNormalization", since: 17, layerNormalisation),
    .one("RMSNormalization", since: 23) { t in
      t.ignore(attributes: ["stash_type"])  // computed in f32 or wider anyway
      let x = try t.input(0)
      let axes = try trailingAxes(t, x)
      let square = try t.mean(try t.apply(Square(), x), axes: axes)
      let scale = try t.apply(
        Rsqrt(), try t.add(square, try t.float("epsilon", default: 1e-5)))
      return try t.mul(try t.mul(x, scale), t.input(1))
    },
    .one("LpNormalization") { t in
      let x = try t.input(0)
      let axis = try t.axis(try t.integer("axis", default: -1), rank: t.rank(of: x))
      let p = try t.integer("p", default: 2)
      let norm: Operand
      switch p {
      case 1: norm = try t.sum(try t.apply(Abs(), x), axes: [axis])
      case 2: norm = try t.apply(Sqrt(), try t.sum(try t.apply(Square(), x), axes: [axis]))
      default: throw ImportFailure("its norm is of order \(p), where 1 and 2 are understood")
      }
      // Where everything is 0, so is the result.
      let isZero = try t.elementwise(Equal(), norm, t.number(0, like: x))
      let divisor = try t.select(isZero, t.number(1, like: x), norm)
      return try t.div(x, divisor)
    },
    .one("MeanVarianceNormalization") { t in
      let x = try t.input(0)
      let axes = try t.axes(try t.integers("axes") ?? [0, 2, 3], rank: t.rank(of: x))
      let centred = try t.sub(x, try t.mean(x, axes: axes))
      let variance = try t.mean(try t.apply(Square(), centred), axes: axes)
      return try t.div(centred, try t.add(try t.apply(Sqrt(), variance), 1e-9))
    },
    .one("LRN", localResponse),
  ]

  /// A vector with an entry a channel, as a tensor that is broadcast to `[n, c, …]`.
  private static func column(_ t: NodeImport, _ vector: Operand, _ x: Operand) throws -> Operand {
    guard t.rank(of: vector) == 1 else {
      throw ImportFailure("it has \(t.type(of: vector)) for its channels, not a vector")
    }
    let behind = [Int](repeating: 1, count: Swift.max(0, t.rank(of: x) - 2))
    return try t.reshape(vector, t.shape(of: vector) + behind)
  }

  private static func scaled(
    _ t: NodeImport, _ x: Operand, _ scale: Operand, _ bias: Operand
  ) throws -> Operand {
    try t.add(try t.mul(x, try column(t, scale, x)), try column(t, bias, x))
  }

  /// `y = x s + t`, the form that folds into a convolution before it.
  private static func batchNormalisation(_ t: NodeImport) throws -> [Operand?] {
    t.ignore(attributes: ["momentum"])
    let x = try t.input(0)
    guard !(try t.flag("training_mode", default: false)) else {
      throw ImportFailure(
        "it takes the batch's own statistics, as in training",
        hint: "export the model in inference mode")
    }
    let (weight, bias) = (try t.input(1), try t.input(2))
    let (mean, variance) = (try t.buffer(t.input(3)), try t.buffer(t.input(4)))
    let deviation = try t.apply(
      Rsqrt(), try t.add(variance, try t.float("epsilon", default: 1e-5)))
    let scale = try t.mul(weight, deviation)
    let shift = try t.sub(bias, try t.mul(mean, scale))
    return [try scaled(t, x, scale, shift)]
  }

  /// `(x − mean) / √(variance + ε)` over axes, with the mean and the factor.
  private static func standardised(
    _ t: NodeImport, _ x: Operand, axes: [Int], epsilon: Double
  ) throws -> (y: Operand, mean: Operand, factor: Operand) {
    let mean = try t.mean(x, axes: axes)
    let centred = try t.sub(x, mean)
    let variance = try t.mean(try t.apply(Square(), centred), axes: axes)
    let factor = try t.apply(Rsqrt(), try t.add(variance, epsilon))
    return (try t.mul(centred, factor), mean, factor)
  }

  private static func trailingAxes(_ t: NodeImport, _ x: Operand) throws -> [Int] {
    let rank = t.rank(of: x)
    return Array(try t.axis(try t.integer("axis", default: -1), rank: rank)..<rank)
  }

  private static func layerNormalisation(_ t: NodeImport) throws -> [Operand?] {
    t.ignore(attributes: ["stash_type"])  // computed in f32 or wider anyway
    let x = try t.input(0)
    let (y, mean, factor) = try standardised(
      t, x, axes: try trailingAxes(t, x), epsilon: try t.float("epsilon", default: 1e-5))
    var result = try t.mul(y, t.input(1))
    if let bias = t.optional(2) { result = try t.add(result, bias) }
    return [result, mean, factor]
  }

  /// Until opset 20 scale and bias had an entry a group, since then one a channel.
  private static func groupNormalisation(_ t: NodeImport) throws -> Operand {
    t.ignore(attributes: ["stash_type"])
    let x = try t.input(0)
    let extents = t.shape(of: x)
    let groups = try required(try t.integer("num_groups"), "attribute 'num_groups'")
    guard extents.count >= 2, groups >= 1, extents[1] % groups == 0 else {
      throw ImportFailure("it divides the channels of \(t.type(of: x)) into \(groups) groups")
    }
    let apart = [extents[0], groups, extents[1] / groups] + extents.dropFirst(2)
    let y = try standardised(
      t, try t.reshape(x, apart), axes: Array(2..<apart.count),
      epsilon: try t.float("epsilon", default: 1e-5)
    ).y
    let (scale, bias) = (try t.input(1), try t.input(2))
    if t.shape(of: scale) == [groups], groups != extents[1] {
      return try t.reshape(try scaled(t, y, scale, bias), extents)
    }
    return try scaled(t, try t.reshape(y, extents), scale, bias)
  }

  /// `x / (bias + alpha / size · Σ x²)^beta`, the sum over `size` channels around each.
  private static func localResponse(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    let size = try required(try t.integer("size"), "attribute 'size'")
    let extents = t.shape(of: x)
    guard extents.count >= 2, (1...1024).contains(size) else {
      throw ImportFailure("it sums over \(size) channels of \(t.type(of: x))")
    }
    let padded = try t.pad(
      try t.apply(Square(), x), axes: [1], low: [(size - 1) / 2], high: [size / 2])
    let parts = try (0..<size).map { try t.slice(padded, axis: 1, $0..<$0 + extents[1]) }
    let sum = try parts.dropFirst().reduce(parts[0]) { try t.add($0, $1) }
    let (alpha, beta) = (
      try t.float("alpha", default: 1e-4), try t.float("beta", default: 0.75)
    )
    let base = try t.add(
      try t.mul(sum, alpha / Double(size)), try t.float("bias", default: 1))
    return try t.div(x, try t.elementwise(Pow(), base, t.number(beta, like: x)))
  }
}
