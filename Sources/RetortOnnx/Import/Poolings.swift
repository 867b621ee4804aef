import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let poolings: [OnnxOperator] = [
    OnnxOperator("MaxPool", limits: "without indices") { t in
      t.ignore(attributes: ["storage_order"])  // orders indices only
      return [try pool(t, .largest)]
    },
    .one("AveragePool") { t in
      try pool(t, .mean(countsPadding: try t.flag("count_include_pad", default: false)))
    },
    .one("LpPool") { t in
      let p = Double(try t.integer("p", default: 2))
      let x = try t.input(0)
      let powers = try t.elementwise(Pow(), try t.apply(Abs(), x), t.number(p, like: x))
      let sums = try pool(t, .total, of: powers)
      return try t.elementwise(Pow(), sums, t.number(1 / p, like: x))
    },
    .one("GlobalAveragePool") { t in
      let x = try t.input(0)
      return try t.mean(x, axes: Array(t.shape(of: x).indices.dropFirst(2)))
    },
    .one("GlobalMaxPool") { t in
      let x = try t.input(0)
      return try t.shape(of: x).indices.dropFirst(2).reduce(x) { y, axis in
        try t.apply(ReduceMax(axis: axis, keep: true), y)
      }
    },
    .one("GlobalLpPool") { t in
      let x = try t.input(0)
      let p = Double(try t.integer("p", default: 2))
      let powers = try t.elementwise(Pow(), try t.apply(Abs(), x), t.number(p, like: x))
      let sums = try t.sum(powers, axes: Array(t.shape(of: x).indices.dropFirst(2)))
      return try t.elementwise(Pow(), sums, t.number(1 / p, like: x))
    },
  ]

  enum PoolingKind: Equatable {
    case largest, total
    case mean(countsPadding: Bool)
  }

  private static func pool(
    _ t: NodeImport, _ kind: PoolingKind, of source: Operand? = nil
  ) throws -> Operand {
    let x = try source ?? t.input(0)
    try WindowAttributes.checkImage(t, x, rank: 1...3)
    let rank = t.rank(of: x) - 2
    var window = try WindowAttributes(t, taps: nil, rank: rank)
    let extents = Array(t.shape(of: x).dropFirst(2))
    window.resolve(extents)
    for axis in 0..<rank where window.windowCount(axis, extents[axis]) < 1 {
      throw ImportFailure("its window \(window.taps) does not fit \(t.type(of: x))")
    }
    return try images(t, x, window, kind) ?? separate(t, x, window, kind)
  }

  /// By an operation on images, where the window is one that these have.
  private static func images(
    _ t: NodeImport, _ x: Operand, _ window: WindowAttributes, _ kind: PoolingKind
  ) throws -> Operand? {
    guard window.rank <= 2, kind != .total, window.dilations.allSatisfy({ $0 == 1 }) else {
      return nil
    }
    let extents = Array(t.shape(of: x).dropFirst(2))
    var low = window.low
    var high =
      window.rank == 0 ? [] : (0..<window.rank).map { window.effectiveHigh($0, extents[$0]) }
    var image = x
    if kind == .mean(countsPadding: true),
      window.low + window.high != low.map({ _ in 0 }) + low.map({ _ in 0 })
    {
      // Declared padding counts; what rounding up adds behind it does not.
      image = try t.pad(
        x, axes: Array(2..<2 + window.rank), low: window.low, high: window.high)
      for axis in low.indices { (low[axis], high[axis]) = (0, high[axis] - window.high[axis]) }
    }
    for axis in low.indices where Swift.max(low[axis], high[axis]) >= window.taps[axis] {
      return nil
    }
    let missing = 2 - window.rank
    func both(_ list: [Int], _ filler: Int) -> [Int] {
      [Int](repeating: filler, count: missing) + list
    }
    var shape = t.shape(of: image)
    if missing == 1 { shape.insert(1, at: 2) }
    let pooling = PoolWindow(
      both(window.taps, 1), stride: both(window.strides, 1),
      padding: both(low, 0) + both(high, 0))
    let op: any TensorOp =
      kind == .largest ? MaxPool2d(pooling) : AvgPool2d(pooling, countPadding: false)
    let y = try t.apply(op, try t.reshape(image, shape))
    var result = t.shape(of: y)
    if missing == 1 { result.remove(at: 2) }
    return try t.reshape(y, result)
  }

  /// Taps of one axis that are combined one by one.
  private static let tapLimit = 256
  /// Windows of one axis whose shares are written down.
  private static let windowLimit = 1 << 20

  /// Axis by axis, tap by tap: for volumes, and for windows with holes.
  private static func separate(
    _ t: NodeImport, _ x: Operand, _ window: WindowAttributes, _ kind: PoolingKind
  ) throws -> Operand {
    var y = x
    for axis in 0..<window.rank {
      let extent = t.shape(of: y)[axis + 2]
      let count = window.windowCount(axis, extent)
      guard window.taps[axis] <= tapLimit, count <= windowLimit else {
        throw ImportFailure(
          "its window \(window.taps) has more than \(tapLimit) taps or \(windowLimit) places on an"
            + " axis")
      }
      let padded = try t.pad(
        y, axes: [axis + 2], low: [window.low[axis]],
        high: [window.effectiveHigh(axis, extent)], value: kind == .largest ? -.infinity : 0)
      y = try taps(t, padded, axis: axis, count, window) { a, b in
        kind == .largest ? try t.max(a, b) : try t.add(a, b)
      }
      if case .mean(let countsPadding) = kind {
        let shares = shares(window, axis, extent, count, countsPadding: countsPadding)
        let column = [count] + [Int](repeating: 1, count: window.rank - axis - 1)
        let factors = try t.convert(
          .known(HostTensor(Shape(column), shares)), t.element(of: x))
        y = try t.mul(y, factors)
      }
    }
    return y
  }

  private static func taps(
    _ t: NodeImport, _ x: Operand, axis: Int, _ count: Int, _ window: WindowAttributes,
    _ combine: (Operand, Operand) throws -> Operand
  ) throws -> Operand {
    let stride = window.strides[axis]
    let parts = try (0..<window.taps[axis]).map { tap in
      let start = tap * window.dilations[axis]
      return try t.slice(
        x, axis: axis + 2, start..<start + (count - 1) * stride + 1, step: stride)
    }
    return try parts.dropFirst().reduce(parts[0], combine)
  }

  /// One over the number of taps of each window that count.
  private static func shares(
    _ window: WindowAttributes, _ axis: Int, _ extent: Int, _ count: Int, countsPadding: Bool
  ) -> [Double] {
    let range =
      countsPadding
      ? -window.low[axis]..<extent + window.high[axis] : 0..<extent
    return (0..<count).map { place in
      let inside = (0..<window.taps[axis]).count { tap in
        range.contains(
          place * window.strides[axis] - window.low[axis] + tap * window.dilations[axis])
      }
      return 1 / Double(Swift.max(1, inside))
    }
  }
}
