import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let attentions: [OnnxOperator] = [
    OnnxOperator("Attention", since: 23, attention),
    .one("RotaryEmbedding", since: 23, rotaryEmbedding),
    .one("SwiGLU", since: 28) { t in
      let gate = try t.input(0)
      let alpha = try t.float("alpha", default: 1)
      let swish = try t.mul(gate, try t.apply(Sigmoid(), try t.mul(gate, alpha)))
      return try t.mul(swish, t.input(1))
    },
  ]

  /// `[n, l, heads · d]` as `[n, heads, l, d]`; what has four axes is that already.
  private static func heads(
    _ t: NodeImport, _ x: Operand, _ count: Int?, _ role: String
  ) throws -> Operand {
    let extents = t.shape(of: x)
    if extents.count == 4 { return x }
    guard extents.count == 3, let count, count >= 1, extents[2] % count == 0 else {
      throw ImportFailure(
        "it divides \(t.type(of: x)) into \(count.map(String.init) ?? "an unknown number of")"
          + " \(role) heads")
    }
    let apart = try t.reshape(x, [extents[0], extents[1], count, extents[2] / count])
    return try t.transpose(apart, [0, 2, 1, 3])
  }

  /// Each head `times` times, one behind the other.
  private static func repeated(_ t: NodeImport, _ x: Operand, _ times: Int) throws -> Operand {
    if times == 1 { return x }
    let extents = t.shape(of: x)
    let apart = try t.reshape(x, [extents[0], extents[1], 1, extents[2], extents[3]])
    let copies = try t.broadcast(
      apart, to: [extents[0], extents[1], times, extents[2], extents[3]])
    return try t.reshape(copies, [extents[0], extents[1] * times, extents[2], extents[3]])
  }

  /// `softmax(scale · Q Kᵀ + mask) V` for each head. A query that may see nothing gives zeros.
  private static func attention(_ t: NodeImport) throws -> [Operand?] {
    t.ignore(attributes: ["softmax_precision"])  // computed in f32 or wider anyway
    let (queryCount, keyCount) = (try t.integer("q_num_heads"), try t.integer("kv_num_heads"))
    let input = try t.input(0)
    let q = try heads(t, input, queryCount, "query")
    var k = try heads(t, t.input(1), keyCount, "key")
    var v = try heads(t, t.input(2), keyCount, "value")
    let past = t.optional(4).map { t.shape(of: $0).count == 4 ? t.shape(of: $0)[2] : 0 }
    if let pastKey = t.optional(4) { k = try t.concatenate([pastKey, k], axis: 2) }
    if let pastValue = t.optional(5) { v = try t.concatenate([pastValue, v], axis: 2) }
    let (presentKey, presentValue) = (k, v)
    let (own, keys) = (t.shape(of: q), t.shape(of: k))
    guard keys[1] >= 1, own[1] % keys[1] == 0 else {
      throw ImportFailure("it shares \(keys[1]) heads of keys between \(own[1]) of queries")
    }
    k = try repeated(t, k, own[1] / keys[1])
    v = try repeated(t, v, own[1] / keys[1])
    let scale = try t.float("scale", default: 1 / Double(Swift.max(1, own[3])).squareRoot())
    var scores = try t.mul(
      try t.apply(MatMul(transposeA: false, transposeB: true), q, k), scale)
    let mode = try t.integer("qk_matmul_output_mode", default: 0)
    var shown = scores
    let cap = try t.float("softcap", default: 0)
    if cap > 0 {
      scores = try t.mul(try t.apply(Tanh(), try t.mul(scores, 1 / cap)), cap)
    }
    if mode == 1 { shown = scores }
    let allowed = try AttentionMask(t, queries: own, keys: keys[2], past: past)
    if let bias = allowed.bias { scores = try t.add(scores, bias) }
    if let visible = allowed.visible {
      scores = try t.select(visible, scores, t.number(-.infinity, like: scores))
    }
    if mode == 2 { shown = scores }
    let weights = try normalised(t, scores, isMasked: allowed.bias != nil || allowed.visible != nil)
    if mode == 3 { shown = weights }
    var y = try t.apply(MatMul(), weights, v)
    if t.rank(of: input) == 3 {
      let extents = t.shape(of: y)
      y = try t.reshape(
        try t.transpose(y, [0, 2, 1, 3]), [extents[0], extents[2], extents[1] * extents[3]])
    }
    return [y, presentKey, presentValue, shown]
  }

  /// Softmax along the keys. Where all of them are hidden the weights are 0, not NaN.
  private static func normalised(
    _ t: NodeImport, _ scores: Operand, isMasked: Bool
  ) throws -> Operand {
    guard isMasked else { return try t.apply(Softmax(axis: -1), scores) }
    let largest = try t.apply(ReduceMax(axis: t.rank(of: scores) - 1, keep: true), scores)
    let isHidden = try t.elementwise(Equal(), largest, t.number(-.infinity, like: scores))
    let zero = t.number(0, like: scores)
    let weights = try t.apply(Softmax(axis: -1), try t.select(isHidden, zero, scores))
    return try t.select(isHidden, zero, weights)
  }

  /// Pairs of elements turned by angles whose cosines and sines are given for each place.
  private static func rotaryEmbedding(_ t: NodeImport) throws -> Operand {
    let input = try t.input(0)
    let isFlat = t.rank(of: input) == 3
    let x = try heads(t, input, try t.integer("num_heads"), "")
    guard t.rank(of: x) == 4 else { throw ImportFailure("it turns \(t.type(of: input))") }
    let extents = t.shape(of: x)
    let given = try t.integer("rotary_embedding_dim", default: 0)
    let width = given == 0 ? extents[3] : given
    guard width >= 2, width <= extents[3], width % 2 == 0 else {
      throw ImportFailure("it turns \(width) of \(extents[3]) elements")
    }
    let places = t.optional(3)
    func cache(_ index: Int) throws -> Operand {
      var cache = try t.input(index)
      if let places { cache = try t.apply(Gather(), cache, places) }
      let own = t.shape(of: cache)
      guard own.count == 3, own[2] == width / 2 else {
        throw ImportFailure("it turns \(width) elements by \(t.type(of: cache))")
      }
      return try t.reshape(cache, [own[0], 1, own[1], own[2]])
    }
    let (cosine, sine) = (try cache(1), try cache(2))
    let turned = try t.slice(x, axis: 3, 0..<width)
    let isInterleaved = try t.flag("interleaved", default: false)
    let (a, b) =
      try isInterleaved
      ? (
        t.slice(turned, axis: 3, 0..<width, step: 2), t.slice(turned, axis: 3, 1..<width, step: 2)
      )
      : (
        t.slice(turned, axis: 3, 0..<width / 2), t.slice(turned, axis: 3, width / 2..<width)
      )
    let real = try t.sub(try t.mul(cosine, a), try t.mul(sine, b))
    let imaginary = try t.add(try t.mul(sine, a), try t.mul(cosine, b))
    var y: Operand
    if isInterleaved {
      let pairs = try [real, imaginary].map { try t.reshape($0, t.shape(of: $0) + [1]) }
      y = try t.reshape(try t.concatenate(pairs, axis: 4), t.shape(of: turned))
    } else {
      y = try t.concatenate([real, imaginary], axis: 3)
    }
    if width < extents[3] {
      y = try t.concatenate([y, try t.slice(x, axis: 3, width..<extents[3])], axis: 3)
    }
    guard isFlat else { return y }
    return try t.reshape(try t.transpose(y, [0, 2, 1, 3]), t.shape(of: input))
  }
}

/// Which keys each query of an attention sees, and what is added to its scores.
private struct AttentionMask {
  /// Added to the scores.
  private(set) var bias: Operand?
  /// Where it does not hold, a key is hidden.
  private(set) var visible: Operand?

  /// - Parameters:
  ///   - queries: the queries' extents, `[n, heads, l, d]`.
  ///   - past: how many keys lie before those of the first query; nil where there is no cache.
  init(_ t: NodeImport, queries: [Int], keys: Int, past: Int?) throws {
    if let mask = t.optional(3) {
      let missing = keys - (t.shape(of: mask).last ?? keys)
      let isTruth = t.element(of: mask) == .bool
      // Keys beyond a mask that is too short are hidden.
      let whole =
        missing > 0
        ? try t.pad(
          mask, axes: [t.rank(of: mask) - 1], low: [0], high: [missing],
          value: isTruth ? 0 : -.infinity) : mask
      if isTruth { visible = whole } else { bias = whole }
    }
    let lengths = t.optional(6)
    let left = try t.integer("left_window_size", default: -1)
    let right = try t.integer("right_window_size", default: -1)
    let isCausal = try t.flag("is_causal", default: false)
    let plane = [queries[2], keys]
    // The place of each key relative to its query's own.
    var offset = try t.sub(try t.iota(plane, axis: 1), try t.iota(plane, axis: 0))
    if let lengths, past == nil {
      let column = try t.reshape(try t.convert(lengths, .i64), [queries[0], 1, 1, 1])
      offset = try t.sub(offset, try t.add(column, -Double(queries[2])))
    } else if let past {
      offset = try t.add(offset, -Double(past))
    }
    func hide(_ op: any TensorOp, _ bound: Int) throws {
      try restrict(t, try t.elementwise(op, offset, t.number(Double(bound), like: offset)))
    }
    if isCausal { try hide(LessEqual(), 0) }
    if left >= 0 { try hide(GreaterEqual(), -left) }
    if right >= 0 { try hide(LessEqual(), right) }
    if let lengths {
      let column = try t.reshape(try t.convert(lengths, .i64), [queries[0], 1, 1, 1])
      try restrict(
        t, try t.elementwise(Less(), try t.iota([1, 1, 1, keys], axis: 3), column))
    }
  }

  private mutating func restrict(_ t: NodeImport, _ condition: Operand) throws {
    visible = try visible.map { try t.elementwise(And(), $0, condition) } ?? condition
  }
}
