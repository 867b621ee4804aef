/// Maximum over windows; what lies outside the image does not take part.
///
/// The maximum of a window is its first element, row by row, that is NaN, or else the first that no
/// other exceeds. A window without elements gives −∞ and passes nothing back.
/// Shapes: `x, dx, v: [planes, H, W]`, `y, dy: [planes, H′, W′]`.
package struct MaxPooling: Sendable, Hashable {
  package let geometry: PoolingGeometry

  package init(_ geometry: PoolingGeometry) { self.geometry = geometry }

  package var tileCount: Int { geometry.tileCount }

  package func run(tile: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>) {
    forEachWindow(tile, x) { plane, position, output in
      y[output] = position < 0 ? -.infinity : x[plane &+ position]
    }
  }

  /// `dx`: each element of `dy` added where its window has the maximum.
  package func inputGradient(
    tile: Int, x: UnsafePointer<Float>, dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>
  ) {
    let planes = geometry.planes(ofTile: tile)
    (dx + planes.lowerBound * geometry.plane)
      .update(repeating: 0, count: planes.count * geometry.plane)
    forEachWindow(tile, x) { plane, position, output in
      if position >= 0 { dx[plane &+ position] += dy[output] }
    }
  }

  /// `y`: for each window the element of `v` that lies where `x` has its maximum; 0 for an empty
  /// window. The adjoint of `inputGradient` in `dy`.
  package func gather(
    tile: Int, x: UnsafePointer<Float>, v: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
  ) {
    forEachWindow(tile, x) { plane, position, output in
      y[output] = position < 0 ? 0 : v[plane &+ position]
    }
  }

  /// Calls `body(planeOffset, positionOfMaximumInPlane or −1, outputOffset)`.
  @inline(__always)
  private func forEachWindow(
    _ tile: Int, _ x: UnsafePointer<Float>, _ body: (Int, Int, Int) -> Void
  ) {
    let g = geometry
    let outHeight = g.outHeight, outWidth = g.outWidth
    for plane in g.planes(ofTile: tile) {
      let image = x + plane &* g.plane
      var output = plane &* g.outPlane
      for p in 0..<outHeight {
        let rows = g.rows(p)
        for q in 0..<outWidth {
          let columns = g.columns(q)
          body(plane &* g.plane, firstMaximum(image, rows, columns), output)
          output &+= 1
        }
      }
    }
  }

  @inline(__always)
  private func firstMaximum(
    _ image: UnsafePointer<Float>, _ rows: Range<Int>, _ columns: Range<Int>
  ) -> Int {
    guard !rows.isEmpty, !columns.isEmpty else { return -1 }
    var position = rows.lowerBound &* geometry.width &+ columns.lowerBound
    var best = image[position]
    for row in rows {
      let line = row &* geometry.width
      for column in columns {
        let value = image[line &+ column]
        if value > best || value.isNaN && !best.isNaN {
          best = value
          position = line &+ column
        }
      }
    }
    return position
  }
}
