import RetortOps

/// How a window slides over the spatial axes: the attributes that convolutions and poolings share,
/// checked, with automatic padding worked out.
struct WindowAttributes {
  var taps: [Int]
  var strides: [Int]
  var dilations: [Int]
  /// Before the first element of each axis.
  var low: [Int]
  /// Behind the last one.
  var high: [Int]
  /// Whether the last window may begin inside and end behind the padding.
  let roundsUp: Bool
  let automatic: Automatic

  enum Automatic: String {
    case explicit = "NOTSET"
    case sameUpper = "SAME_UPPER"
    case sameLower = "SAME_LOWER"
    case none = "VALID"
  }

  var rank: Int { taps.count }

  /// - Parameter taps: the window's extents where the node need not say them.
  init(_ t: NodeImport, taps: [Int]?, rank: Int) throws {
    let given = try t.integers("kernel_shape")
    guard let taps = taps ?? given else {
      throw ImportFailure("its attribute 'kernel_shape' is missing")
    }
    if let given, given != taps {
      throw ImportFailure("its kernel_shape is \(given), but its kernel has the extents \(taps)")
    }
    self.taps = taps
    let ones = [Int](repeating: 1, count: rank)
    strides = try t.integers("strides") ?? ones
    dilations = try t.integers("dilations") ?? ones
    roundsUp = try t.flag("ceil_mode", default: false)
    automatic = Automatic(
      rawValue: try t.choice("auto_pad", ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]))!
    let pads = try t.integers("pads") ?? [Int](repeating: 0, count: 2 * rank)
    guard pads.count == 2 * rank, strides.count == rank, dilations.count == rank,
      taps.count == rank
    else {
      throw ImportFailure(
        "it has \(taps.count) window extents, \(strides.count) strides, \(dilations.count)"
          + " dilations and \(pads.count) pads for \(rank) spatial axes")
    }
    let limit = WindowAxis.limit
    guard (taps + strides + dilations).allSatisfy({ (1...limit).contains($0) }),
      pads.allSatisfy({ (0...limit).contains($0) })
    else {
      throw ImportFailure(
        "its window \(taps) with strides \(strides), dilations \(dilations) and pads \(pads) has"
          + " a number out of range")
    }
    low = automatic == .explicit ? Array(pads[..<rank]) : [Int](repeating: 0, count: rank)
    high = automatic == .explicit ? Array(pads[rank...]) : [Int](repeating: 0, count: rank)
  }

  /// How far the window reaches along an axis.
  func reach(_ axis: Int) -> Int {
    WindowAxis.reach(taps: taps[axis], dilation: dilations[axis])
  }

  /// Works automatic padding out for an image, so that there are `⌈extent / stride⌉` windows.
  mutating func resolve(_ extents: [Int]) {
    guard automatic == .sameUpper || automatic == .sameLower else { return }
    for axis in 0..<rank {
      let windows = (extents[axis] + strides[axis] - 1) / strides[axis]
      let total = Swift.max(0, (windows - 1) * strides[axis] + reach(axis) - extents[axis])
      let half = total / 2
      low[axis] = automatic == .sameUpper ? half : total - half
      high[axis] = total - low[axis]
    }
  }

  /// How many windows there are along an axis of an image; a window that begins in the padding
  /// behind it is none.
  func windowCount(_ axis: Int, _ extent: Int) -> Int {
    let free = extent + low[axis] + high[axis] - reach(axis)
    guard free >= 0 else { return 0 }
    guard roundsUp else { return free / strides[axis] + 1 }
    let count = (free + strides[axis] - 1) / strides[axis] + 1
    return (count - 1) * strides[axis] >= extent + low[axis] ? count - 1 : count
  }

  /// Padding behind an axis with which its last window fits exactly or with a rest that no window
  /// takes: more than `high` where windows are rounded up.
  func effectiveHigh(_ axis: Int, _ extent: Int) -> Int {
    let needed =
      (windowCount(axis, extent) - 1) * strides[axis] + reach(axis) - extent - low[axis]
    return Swift.max(high[axis], needed)
  }

  /// Bounds that keep every sum above far from overflow, and a diagnostic where they are passed.
  static func checkImage(_ t: NodeImport, _ x: Operand, rank: ClosedRange<Int>) throws {
    let extents = t.shape(of: x)
    guard rank.contains(extents.count - 2) else {
      let axes = rank.count == 1 ? "\(rank.lowerBound)" : "\(rank.lowerBound) to \(rank.upperBound)"
      throw ImportFailure(
        "it works on \(t.type(of: x)); images, a batch and channels before \(axes) spatial axes,"
          + " are understood",
        hint: rank.upperBound == 2 ? "volumes are not; unfold the depth into the batch" : nil)
    }
    guard extents.allSatisfy({ $0 <= WindowAxis.limit }) else {
      throw ImportFailure("it works on \(t.type(of: x)), an extent of which is too large")
    }
  }
}
