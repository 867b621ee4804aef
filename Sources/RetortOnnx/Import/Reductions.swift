import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let reductions: [OnnxOperator] = [
    reduction("ReduceSum", total),
    reduction("ReduceMean") { t, x, axes in
      try t.throughReals(x) { try t.mean($0, axes: axes) }
    },
    reduction("ReduceMax") { t, x, axes in
      try extreme(t, x, axes, ifEmpty: -.infinity) { ReduceMax(axis: $0, keep: true) }
    },
    reduction("ReduceMin") { t, x, axes in
      try extreme(t, x, axes, ifEmpty: .infinity) { ReduceMin(axis: $0, keep: true) }
    },
    reduction("ReduceProd", product),
    reduction("ReduceL1") { t, x, axes in try total(t, try t.apply(Abs(), x), axes) },
    reduction("ReduceL2") { t, x, axes in
      try t.throughReals(x) {
        try t.apply(Sqrt(), try total(t, try t.apply(Square(), $0), axes))
      }
    },
    reduction("ReduceSumSquare") { t, x, axes in try total(t, try t.mul(x, x), axes) },
    reduction("ReduceLogSum") { t, x, axes in
      try t.throughReals(x) { try t.apply(Log(), try total(t, $0, axes)) }
    },
    reduction("ReduceLogSumExp") { t, x, axes in
      try t.throughReals(x) { try logSumExp(t, $0, axes) }
    },
    OnnxOperator("ArgMax") { t in [try place(t) { ArgMax(axis: $0) }] },
    OnnxOperator("ArgMin") { t in [try place(t) { ArgMin(axis: $0) }] },
    OnnxOperator("TopK", topK),
    .one("CumSum", cumulativeSum),
    .one("Softmax") { t in
      try t.apply(Softmax(axis: try t.integer("axis", default: -1)), t.input(0))
    },
    .one("LogSoftmax") { t in
      try t.apply(LogSoftmax(axis: try t.integer("axis", default: -1)), t.input(0))
    },
    .one("Hardmax", hardmax),
  ]

  /// A reduction, given as a function that keeps the axes; no axes means each element by itself.
  private static func reduction(
    _ name: String, _ reduce: @escaping @Sendable (NodeImport, Operand, [Int]) throws -> Operand
  ) -> OnnxOperator {
    .one(name) { t in
      let x = try t.input(0)
      let rank = t.rank(of: x)
      // The axes became an input in opset 18, for ReduceSum in 13.
      let given = try t.integers("axes") ?? t.integersInput(1, "axes") ?? []
      let keepsAll = try t.flag("noop_with_empty_axes", default: false)
      let axes =
        given.isEmpty && !keepsAll
        ? Array(0..<rank) : try t.axes(given, rank: rank).sorted()
      let y = try reduce(t, x, axes)
      if try t.flag("keepdims", default: true) { return y }
      return try t.reshape(y, t.type(of: y).shape.reduced(axes, keep: false).extents)
    }
  }

  private static func total(_ t: NodeImport, _ x: Operand, _ axes: [Int]) throws -> Operand {
    try t.sum(x, axes: axes)
  }

  private static func extreme(
    _ t: NodeImport, _ x: Operand, _ axes: [Int], ifEmpty: Double, _ op: (Int) -> any TensorOp
  ) throws -> Operand {
    let element = t.element(of: x)
    let shape = t.type(of: x).shape
    if element.isReal, axes.contains(where: { shape[$0] == 0 }) {
      return try t.apply(Fill(ifEmpty, shape.reduced(axes, keep: true), element))
    }
    // Truth has an order here: false is less.
    let numbers = element == .bool ? try t.convert(x, .i32) : x
    let y = try axes.reduce(numbers) { try t.apply(op($1), $0) }
    return try t.convert(y, element)
  }

  /// The product along each axis, halves of it at a time.
  private static func product(_ t: NodeImport, _ x: Operand, _ axes: [Int]) throws -> Operand {
    var y = x
    for axis in axes {
      let extent = t.shape(of: y)[axis]
      if extent == 0 {
        let shape = t.type(of: y).shape.reduced([axis], keep: true)
        y = try t.apply(Fill(1, shape, t.element(of: y)))
      }
      while t.shape(of: y)[axis] > 1 {
        let extent = t.shape(of: y)[axis]
        let half = extent / 2
        var next = try t.mul(
          try t.slice(y, axis: axis, 0..<half), try t.slice(y, axis: axis, half..<2 * half))
        if extent % 2 == 1 {
          next = try t.concatenate(
            [next, try t.slice(y, axis: axis, extent - 1..<extent)], axis: axis)
        }
        y = next
      }
    }
    return y
  }

  /// `m + log Σ exp(x − m)` with the largest `m`, or 0 where that is infinite.
  private static func logSumExp(_ t: NodeImport, _ x: Operand, _ axes: [Int]) throws -> Operand {
    let largest = try extreme(t, x, axes, ifEmpty: -.infinity) { ReduceMax(axis: $0, keep: true) }
    let isInfinite = try t.elementwise(
      Equal(), try t.apply(Abs(), largest), t.number(.infinity, like: x))
    let shift = try t.select(isInfinite, t.number(0, like: x), largest)
    let sum = try total(t, try t.apply(Exp(), try t.sub(x, shift)), axes)
    return try t.add(try t.apply(Log(), sum), shift)
  }

  private static func place(
    _ t: NodeImport, _ op: (Int) -> any TensorOp
  ) throws -> Operand {
    let x = try t.input(0)
    let axis = try t.axis(try t.integer("axis", default: 0), rank: t.rank(of: x))
    var places: Operand
    if try t.flag("select_last_index", default: false) {
      let mirrored = try t.apply(op(axis), try t.apply(Reverse([axis]), x))
      let last = Double(t.shape(of: x)[axis] - 1)
      places = try t.sub(t.number(last, like: mirrored), mirrored)
    } else {
      places = try t.apply(op(axis), x)
    }
    places = try t.convert(places, .i64)
    guard try t.flag("keepdims", default: true) else { return places }
    return try t.reshape(places, t.type(of: x).shape.reduced([axis], keep: true).extents)
  }

  private static func topK(_ t: NodeImport) throws -> [Operand?] {
    let x = try t.input(0)
    guard let count = try t.scalarInput(1, "number of elements") else {
      throw ImportFailure("its input 1, the number of elements, is missing")
    }
    let rank = t.rank(of: x)
    let axis = try t.axis(try t.integer("axis", default: -1), rank: rank)
    t.ignore(attributes: ["sorted"])  // sorted always does
    let largest = try t.flag("largest", default: true)
    let moved = try t.move(x, axis: axis, to: rank - 1)
    let results = try t.applyAll(
      TopK(k: Int(Int64(saturating: count))), [largest ? moved : try mirrored(t, moved)])
    let values = largest ? results[0] : try mirrored(t, results[0])
    return [
      try t.move(values, axis: rank - 1, to: axis),
      try t.move(try t.convert(results[1], .i64), axis: rank - 1, to: axis),
    ]
  }

  /// Numbers in the opposite order. Of integers the complement: the least has no negative, and of
  /// words 0 alone would stay where it is.
  private static func mirrored(_ t: NodeImport, _ x: Operand) throws -> Operand {
    let element = t.element(of: x)
    guard element.isInteger else { return try t.apply(Neg(), x) }
    return try t.sub(t.number(element == .u32 ? 0x1p32 - 1 : -1, like: x), x)
  }

  /// What lies 1, 2, 4, … places before is added, until everything is.
  private static func cumulativeSum(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    guard let given = try t.scalarInput(1, "axis") else {
      throw ImportFailure("its input 1, the axis, is missing")
    }
    let axis = try t.axis(Int(Int64(saturating: given)), rank: t.rank(of: x))
    let extent = t.shape(of: x)[axis]
    let isReversed = try t.flag("reverse", default: false)
    func shifted(_ x: Operand, by places: Int) throws -> Operand {
      let kept = isReversed ? places..<extent : 0..<extent - places
      let (low, high) = isReversed ? (0, places) : (places, 0)
      return try t.pad(
        try t.slice(x, axis: axis, kept), axes: [axis], low: [low], high: [high])
    }
    let isExclusive = try t.flag("exclusive", default: false)
    if extent == 0 { return x }
    var y = isExclusive ? try shifted(x, by: 1) : x
    var places = 1
    while places < extent {
      y = try t.add(y, try shifted(y, by: places))
      places *= 2
    }
    return y
  }

  private static func hardmax(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    let axis = try t.axis(try t.integer("axis", default: -1), rank: t.rank(of: x))
    let shape = t.type(of: x).shape
    let places = try t.reshape(
      try t.convert(try t.apply(ArgMax(axis: axis), x), .i64),
      shape.reduced([axis], keep: true).extents)
    let isPlace = try t.elementwise(Equal(), try t.iota(shape.extents, axis: axis), places)
    return try t.convert(isPlace, t.element(of: x))
  }
}
