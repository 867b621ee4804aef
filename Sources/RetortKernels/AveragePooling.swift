/// Mean over windows. Elements outside the image are zeros that count (the divisor is the window's
/// area), or do not count (the divisor is the number of elements inside; an empty window gives 0).
///
/// Shapes: `x, dx: [planes, H, W]`, `y, dy: [planes, H′, W′]`. Windows are summed row by row.
package struct AveragePooling: Sendable, Hashable {
  package let geometry: PoolingGeometry
  package let countsPadding: Bool

  package init(_ geometry: PoolingGeometry, countsPadding: Bool) {
    self.geometry = geometry
    self.countsPadding = countsPadding
  }

  package var tileCount: Int { geometry.tileCount }

  @inline(__always)
  private func divisor(_ rows: Range<Int>, _ columns: Range<Int>) -> Float {
    countsPadding
      ? Float(geometry.windowHeight * geometry.windowWidth)
      : Float(max(1, rows.count * columns.count))
  }

  package func run(tile: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>) {
    let g = geometry
    for plane in g.planes(ofTile: tile) {
      let image = x + plane * g.plane
      var output = y + plane * g.outPlane
      for p in 0..<g.outHeight {
        let rows = g.rows(p)
        for q in 0..<g.outWidth {
          let columns = g.columns(q)
          var sum: Float = 0
          for row in rows {
            for column in columns { sum += image[row &* g.width &+ column] }
          }
          output.pointee = sum / divisor(rows, columns)
          output += 1
        }
      }
    }
  }

  /// The adjoint: each element of `dy`, divided as above, added to its whole window.
  package func inputGradient(
    tile: Int, dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>
  ) {
    let g = geometry
    for plane in g.planes(ofTile: tile) {
      let image = dx + plane * g.plane
      image.update(repeating: 0, count: g.plane)
      var seed = dy + plane * g.outPlane
      for p in 0..<g.outHeight {
        let rows = g.rows(p)
        for q in 0..<g.outWidth {
          let columns = g.columns(q)
          let share = seed.pointee / divisor(rows, columns)
          for row in rows {
            for column in columns { image[row &* g.width &+ column] += share }
          }
          seed += 1
        }
      }
    }
  }
}
