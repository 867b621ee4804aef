import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let poolings: [OnnxOperator] = [
    OnnxOperator("MaxPool") { t in
      let isColumnMajor = try t.flag("storage_order", default: false)
      let x = try t.input(0)
      guard t.node.outputs.count > 1, !t.node.outputs[1].isEmpty else {
        return [try t.throughReals(x) { try pool(t, .largest, of: $0) }]
      }
      var places: Operand?
      let largest = try t.throughReals(x) { real in
        let (value, place) = try maximaWithPlaces(t, of: real, isColumnMajor: isColumnMajor)
        places = place
        return value
      }
      return [largest, places]
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

  /// The largest of each window and its place in the flattened tensor, tap by tap; of equal ones the
  /// first.
  private static func maximaWithPlaces(
    _ t: NodeImport, of x: Operand, isColumnMajor: Bool
  ) throws -> (value: Operand, place: Operand) {
    try WindowAttributes.checkImage(t, x, rank: 1...3)
    let extents = Array(t.shape(of: x).dropFirst(2))
    var window = try WindowAttributes(t, taps: nil, rank: extents.count)
    window.resolve(extents)
    let counts = extents.indices.map { window.windowCount($0, extents[$0]) }
    guard counts.allSatisfy({ $0 >= 1 }), window.taps.allSatisfy({ $0 <= tapLimit }),
      window.taps.reduce(1, *) <= tapLimit
    else {
      throw ImportFailure(
        "its window \(window.taps) does not fit \(t.type(of: x)), or has more than \(tapLimit) taps"
      )
    }
    let axes = Array(2..<t.rank(of: x))
    let high = extents.indices.map { window.effectiveHigh($0, extents[$0]) }
    func padded(_ operand: Operand, _ value: Double) throws -> Operand {
      try t.pad(operand, axes: axes, low: window.low, high: high, value: value)
    }
    let values = try padded(x, -.infinity)
    let places = try padded(try self.places(t, t.shape(of: x), isColumnMajor: isColumnMajor), 0)
    var best: (value: Operand, place: Operand)?
    for tap in 0..<window.taps.reduce(1, *) {
      var (value, place) = (values, places)
      var rest = tap
      for axis in extents.indices.reversed() {
        let start = rest % window.taps[axis] * window.dilations[axis]
        rest /= window.taps[axis]
        let stop = start + (counts[axis] - 1) * window.strides[axis] + 1
        value = try t.slice(value, axis: axis + 2, start..<stop, step: window.strides[axis])
        place = try t.slice(place, axis: axis + 2, start..<stop, step: window.strides[axis])
      }
      guard let former = best else {
        best = (value, place)
        continue
      }
      let isLarger = try t.elementwise(Greater(), value, former.value)
      best = (
        try t.select(isLarger, value, former.value), try t.select(isLarger, place, former.place)
      )
    }
    return best!
  }

  /// Each element's number in the tensor, the spatial axes in either order.
  private static func places(
    _ t: NodeImport, _ extents: [Int], isColumnMajor: Bool
  ) throws -> Operand {
    var sum = try t.iota(extents, axis: 0)
    sum = try t.add(try t.mul(sum, Double(extents[1])), try t.iota(extents, axis: 1))
    sum = try t.mul(sum, Double(extents[2...].reduce(1, *)))
    var stride = 1
    let order = isColumnMajor ? Array(2..<extents.count) : (2..<extents.count).reversed()
    for axis in order {
      sum = try t.add(sum, try t.mul(try t.iota(extents, axis: axis), Double(stride)))
      stride *= extents[axis]
    }
    return sum
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
