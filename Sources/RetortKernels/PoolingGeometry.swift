/// The extents of a 2-d pooling of `planes` images of one channel (batch times channels).
///
/// Output `(p, q)` looks at rows `p · strideY − top ..< … + windowHeight` and the like columns.
package struct PoolingGeometry: Sendable, Hashable {
  package var planes: Int
  package var height: Int
  package var width: Int
  package var windowHeight: Int
  package var windowWidth: Int
  package var strideY: Int
  package var strideX: Int
  package var top: Int
  package var left: Int
  package var bottom: Int
  package var right: Int

  package init(
    planes: Int, height: Int, width: Int, window: (height: Int, width: Int),
    stride: (y: Int, x: Int), padding: (top: Int, left: Int, bottom: Int, right: Int) = (0, 0, 0, 0)
  ) {
    precondition(window.height > 0 && window.width > 0 && stride.y > 0 && stride.x > 0)
    self.planes = planes
    self.height = height
    self.width = width
    windowHeight = window.height
    windowWidth = window.width
    strideY = stride.y
    strideX = stride.x
    (top, left, bottom, right) = padding
  }

  package var outHeight: Int {
    max(0, (height + top + bottom - windowHeight + strideY) / strideY)
  }
  package var outWidth: Int { max(0, (width + left + right - windowWidth + strideX) / strideX) }

  var plane: Int { height * width }
  var outPlane: Int { outHeight * outWidth }
  private var planesPerTile: Int { max(1, 16384 / max(1, plane)) }

  package var tileCount: Int { (planes + planesPerTile - 1) / planesPerTile }

  func planes(ofTile tile: Int) -> Range<Int> {
    tile * planesPerTile..<min((tile + 1) * planesPerTile, planes)
  }

  /// The part of the window of output `p` (or `q`) that lies in the image.
  @inline(__always)
  func rows(_ p: Int) -> Range<Int> {
    let first = p &* strideY &- top
    let begin = max(0, first)
    return begin..<max(begin, min(height, first &+ windowHeight))
  }
  @inline(__always)
  func columns(_ q: Int) -> Range<Int> {
    let first = q &* strideX &- left
    let begin = max(0, first)
    return begin..<max(begin, min(width, first &+ windowWidth))
  }
}
