import RetortTensor

/// One operand of a matrix product, seen as lines (rows of the left, columns of the right operand)
/// by depth, that can be copied into the order in which `ProductBlock` reads it.
protocol ProductPanels {
  /// Writes `depth.count` groups of `width` floats: lines `first ..< first + count`, then zeros.
  func pack(
    first: Int, count: Int, width: Int, depth: Range<Int>, into target: UnsafeMutablePointer<Float>)
}

/// A matrix in memory: element (line, depth) at `line · lineStride + depth · depthStride`.
struct StridedPanels: ProductPanels {
  let base: UnsafePointer<Float>
  let lineStride: Int
  let depthStride: Int

  func pack(
    first: Int, count: Int, width: Int, depth: Range<Int>, into target: UnsafeMutablePointer<Float>
  ) {
    let source = base + first * lineStride + depth.lowerBound * depthStride
    if lineStride == 1, count == 32, width == 32 {
      for k in 0..<depth.count {
        let from = source + k &* depthStride
        let to = target + k &* 32
        LaneBlock.load(from).store(to)
        LaneBlock.load(from + 16).store(to + 16)
      }
      return
    }
    if count == 8, width == 8 {
      for k in 0..<depth.count {
        let from = source + k &* depthStride
        let to = target + k &* 8
        for line in 0..<8 { to[line] = from[line &* lineStride] }
      }
      return
    }
    for line in 0..<count {
      let from = source + line * lineStride
      for k in 0..<depth.count { target[k &* width &+ line] = from[k &* depthStride] }
    }
    zeroPadding(from: count, width: width, depthCount: depth.count, target)
  }
}

/// Fills the lines from `count` to `width` of packed groups with zeros.
@inline(__always)
func zeroPadding(
  from count: Int, width: Int, depthCount: Int, _ target: UnsafeMutablePointer<Float>
) {
  guard count < width else { return }
  for k in 0..<depthCount {
    for line in count..<width { target[k &* width &+ line] = 0 }
  }
}
