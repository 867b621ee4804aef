import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let convolutions: [OnnxOperator] = [
    .one("Conv", convolution),
    .one("ConvTranspose", limits: "1 or 2 spatial axes", transposedConvolution),
  ]

  /// A signal `[n, c, l]` as an image of one row, and so its kernel.
  private static func asImage(_ t: NodeImport, _ x: Operand) throws -> Operand {
    var extents = t.shape(of: x)
    if extents.count == 3 { extents.insert(1, at: 2) }
    return try t.reshape(x, extents)
  }

  private static func window(
    _ t: NodeImport, _ x: Operand, _ w: Operand, rank: ClosedRange<Int>
  ) throws -> WindowAttributes {
    try WindowAttributes.checkImage(t, x, rank: rank)
    let rank = t.rank(of: x) - 2
    guard t.rank(of: w) == rank + 2 else {
      throw ImportFailure("its kernel is \(t.type(of: w)) for \(t.type(of: x))")
    }
    return try WindowAttributes(t, taps: Array(t.shape(of: w).dropFirst(2)), rank: rank)
  }

  /// The window over rows and columns; a signal has one row.
  private static func sliding(_ window: WindowAttributes, groups: Int) -> Sliding {
    let missing = 2 - window.rank
    func both(_ list: [Int], _ filler: Int) -> [Int] {
      [Int](repeating: filler, count: missing) + list
    }
    return Sliding(
      stride: both(window.strides, 1), padding: both(window.low, 0) + both(window.high, 0),
      dilation: both(window.dilations, 1), groups: groups)
  }

  private static func biased(_ t: NodeImport, _ y: Operand, _ bias: Operand?) throws -> Operand {
    guard let bias else { return y }
    guard t.rank(of: bias) == 1 else {
      throw ImportFailure("its bias is \(t.type(of: bias)), where a vector is expected")
    }
    let column = t.shape(of: bias) + [Int](repeating: 1, count: t.rank(of: y) - 2)
    return try t.add(y, try t.reshape(bias, column))
  }

  private static func convolution(_ t: NodeImport) throws -> Operand {
    let (x, w) = (try t.input(0), try t.input(1))
    var window = try window(t, x, w, rank: 1...3)
    window.resolve(Array(t.shape(of: x).dropFirst(2)))
    let groups = try t.integer("group", default: 1)
    if window.rank == 3 {
      return try biased(t, try volumes(t, x, w, window, groups: groups), t.optional(2))
    }
    let y = try t.apply(
      Conv2d(sliding(window, groups: groups)), try asImage(t, x), try asImage(t, w))
    var extents = t.shape(of: y)
    if window.rank == 1 { extents.remove(at: 2) }
    return try biased(t, try t.reshape(y, extents), t.optional(2))
  }

  /// A convolution of volumes as the sum of one of images for each tap in depth: depth counts as
  /// part of the batch.
  private static func volumes(
    _ t: NodeImport, _ x: Operand, _ w: Operand, _ window: WindowAttributes, groups: Int
  ) throws -> Operand {
    let extents = t.shape(of: x)
    let count = window.windowCount(0, extents[2])
    guard count >= 1, window.taps[0] <= 64 else {
      throw ImportFailure("its window \(window.taps) does not fit \(t.type(of: x))")
    }
    let padded = try t.pad(x, axes: [2], low: [window.low[0]], high: [window.high[0]])
    let slices = try t.move(padded, axis: 2, to: 1)
    var plane = window
    for path in [\WindowAttributes.taps, \.strides, \.dilations, \.low, \.high] {
      plane[keyPath: path].removeFirst()
    }
    let op = Conv2d(sliding(plane, groups: groups))
    let kernel = t.shape(of: w)
    var sum: Operand?
    for tap in 0..<window.taps[0] {
      let start = tap * window.dilations[0]
      let stop = start + (count - 1) * window.strides[0] + 1
      let part = try t.slice(slices, axis: 1, start..<stop, step: window.strides[0])
      let images = try t.reshape(part, [extents[0] * count, extents[1]] + extents.suffix(2))
      let weights = try t.reshape(
        try t.slice(w, axis: 2, tap..<tap + 1), Array(kernel[..<2] + kernel.suffix(2)))
      let y = try t.apply(op, images, weights)
      sum = try sum.map { try t.add($0, y) } ?? y
    }
    let y = t.shape(of: sum!)
    return try t.move(
      try t.reshape(sum!, [extents[0], count] + y.dropFirst()), axis: 1, to: 2)
  }

  /// The result's extents follow from the attributes; padding is what they leave over.
  private static func transposedConvolution(_ t: NodeImport) throws -> Operand {
    let (x, w) = (try t.input(0), try t.input(1))
    var window = try window(t, x, w, rank: 1...2)
    let groups = try t.integer("group", default: 1)
    let inputs = Array(t.shape(of: x).dropFirst(2))
    let zeros = [Int](repeating: 0, count: window.rank)
    let extra = try t.integers("output_padding") ?? zeros
    let wanted = try t.integers("output_shape").map { Array($0.suffix(window.rank)) }
    guard extra.count == window.rank, wanted?.count ?? window.rank == window.rank,
      (extra + (wanted ?? [])).allSatisfy({ (0...WindowAxis.limit).contains($0) }),
      inputs.allSatisfy({ $0 > 0 })
    else {
      throw ImportFailure(
        "it makes \(wanted.map { "\($0)" } ?? "an image") with output_padding \(extra) of \(inputs)"
      )
    }
    var outputs = zeros
    for axis in 0..<window.rank {
      let whole = window.strides[axis] * (inputs[axis] - 1) + extra[axis] + window.reach(axis)
      let isSame = window.automatic == .sameUpper || window.automatic == .sameLower
      if let given = wanted?[axis] ?? (isSame ? inputs[axis] * window.strides[axis] : nil) {
        let total = Swift.max(0, whole - given)
        let half = total / 2
        window.low[axis] = window.automatic == .sameUpper ? half : total - half
        window.high[axis] = total - window.low[axis]
        outputs[axis] = given
      } else {
        outputs[axis] = whole - window.low[axis] - window.high[axis]
      }
    }
    let y = try fitted(t, try asImage(t, x), try asImage(t, w), window, groups, outputs)
    return try biased(t, y, t.optional(2))
  }

  /// The transposed convolution to an image of the given extents. What lies behind the last window
  /// by a stride or more is zero.
  private static func fitted(
    _ t: NodeImport, _ x: Operand, _ w: Operand, _ window: WindowAttributes, _ groups: Int,
    _ outputs: [Int]
  ) throws -> Operand {
    var (covered, missing) = (outputs, outputs.map { _ in 0 })
    let inputs = Array(t.shape(of: x).suffix(window.rank))
    for axis in outputs.indices {
      let smallest =
        window.strides[axis] * (inputs[axis] - 1) + window.reach(axis) - window.low[axis]
        - window.high[axis]
      covered[axis] = Swift.min(outputs[axis], smallest + window.strides[axis] - 1)
      missing[axis] = outputs[axis] - covered[axis]
    }
    guard covered.allSatisfy({ $0 > 0 }) else {
      throw ImportFailure("its result would have the extents \(outputs)")
    }
    let image = window.rank == 1 ? [1] + covered : covered
    let op = Conv2dTranspose(
      sliding(window, groups: groups), height: image[0], width: image[1])
    var y = try t.apply(op, x, w)
    if window.rank == 1 {
      var extents = t.shape(of: y)
      extents.remove(at: 2)
      y = try t.reshape(y, extents)
    }
    return try t.pad(
      y, axes: Array(2..<2 + window.rank), low: missing.map { _ in 0 }, high: missing)
  }
}
