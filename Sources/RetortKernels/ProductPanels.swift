import RetortTensor

/// One operand of a matrix product, seen as lines (rows of the left, columns of the right operand)
/// by depth, that can be copied into the order in which `PanelBlock` reads it.
protocol ProductPanels {
  /// Writes `depth.count` groups of `width` floats: lines `first ..< first + count`, then zeros.
  func pack(
    first: Int, count: Int, width: Int, depth: Range<Int>, into target: UnsafeMutablePointer<Float>)

  /// The operand as it lies in memory, if it is a matrix there.
  var matrix: StridedPanels? { get }
}

extension ProductPanels {
  var matrix: StridedPanels? { nil }
}

/// A matrix in memory: element (line, depth) at `line · lineStride + depth · depthStride`.
struct StridedPanels: ProductPanels {
  let base: UnsafePointer<Float>
  let lineStride: Int
  let depthStride: Int

  var matrix: StridedPanels? { self }

  func pack(
    first: Int, count: Int, width: Int, depth: Range<Int>, into target: UnsafeMutablePointer<Float>
  ) {
    let source = base + first * lineStride + depth.lowerBound * depthStride
    if lineStride == 1, count == PanelBlock.columns, width == PanelBlock.columns {
      for k in 0..<depth.count {
        LaneBlock.load(source + k &* depthStride).store(target + k &* PanelBlock.columns)
      }
      return
    }
    if count == 6, width == 6 {
      for k in 0..<depth.count {
        let from = source + k &* depthStride
        let to = target + k &* 6
        for line in 0..<6 { to[line] = from[line &* lineStride] }
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
