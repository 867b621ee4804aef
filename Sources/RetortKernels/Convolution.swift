import RetortTensor

/// How a convolution is computed.
package enum ConvolutionMethod: String, Sendable, Hashable, CaseIterable {
  /// Patches copied out, then OpenBLAS, image by image.
  case blas
  /// Patches packed slice by slice into Retort's own product; planes one by one where every channel
  /// has its own filters.
  case simd
}

/// The blocks into which the output of one image and group is cut.
struct OutputBlocks: Sendable, Hashable {
  let rows: Int
  let columns: Int
  let rowsPerTile: Int
  let columnsPerTile: Int

  init(rows: Int, columns: Int, rowsPerTile: Int = 256, columnsPerTile: Int = 512) {
    self.rows = rows
    self.columns = columns
    self.rowsPerTile = max(1, min(rows, rowsPerTile))
    self.columnsPerTile = max(1, min(columns, columnsPerTile))
  }

  private var columnTiles: Int { (columns + columnsPerTile - 1) / columnsPerTile }
  var count: Int { (rows + rowsPerTile - 1) / rowsPerTile * columnTiles }

  subscript(index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    let row = index / columnTiles * rowsPerTile
    let column = index % columnTiles * columnsPerTile
    return (
      row..<min(row + rowsPerTile, rows), column..<min(column + columnsPerTile, columns)
    )
  }

  func scratchByteCount(depth: Int) -> Int {
    ProductTile.scratchByteCount(rows: rowsPerTile, columns: columnsPerTile, depth: depth)
  }
}

/// `y = convolution(x, w)`.
///
/// Shapes: `x: [N, C, H, W]`, `w: [O, C / groups, kh, kw]`, `y: [N, O, H′, W′]`. An image's result
/// depends neither on the batch nor on the tiles.
package struct ConvolutionForward: Sendable, Hashable {
  package let geometry: ConvolutionGeometry
  package let method: ConvolutionMethod
  private let product: PatchProduct
  private let usesPlanes: Bool

  package init(_ geometry: ConvolutionGeometry, method: ConvolutionMethod) {
    self.geometry = geometry
    self.method = method
    product = PatchProduct(geometry)
    usesPlanes =
      method == .simd && geometry.isDepthwise && DepthwisePlane(geometry).isOrdinary
  }

  package var tileCount: Int {
    if method == .simd && !usesPlanes { return product.tileCount }
    return geometry.outPlane == 0 ? 0 : geometry.batch * geometry.groups
  }

  package var scratchByteCount: Int {
    if usesPlanes { return DepthwisePlane(geometry).scratchByteCount }
    if method == .simd { return product.scratchByteCount }
    return geometry.isPointwise ? 0 : 4 * geometry.patch * geometry.outPlane
  }

  package func run(
    tile: Int, x: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    y: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let g = geometry
    if method == .simd && !usesPlanes {
      product.run(tile: tile, input: x, output: y, scratch: scratch) { group in
        StridedPanels(
          base: weights + g.weightOffset(group: group), lineStride: g.patch, depthStride: 1)
      }
      return
    }
    let (image, group) = tile.quotientAndRemainder(dividingBy: g.groups)
    let input = x + g.inputOffset(image: image, group: group)
    let kernel = weights + g.weightOffset(group: group)
    let output = y + g.outputOffset(image: image, group: group)
    if usesPlanes {
      DepthwisePlane(g).forward(input, kernel, output, scratch)
    } else {
      multiplyPatches(input, kernel, output, scratch)
    }
  }

  private func multiplyPatches(
    _ input: UnsafePointer<Float>, _ kernel: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) {
    let g = geometry
    var columns = input
    if !g.isPointwise {
      let copied = scratch.assumingMemoryBound(to: Float.self)
      Patches(geometry: g, image: input).copyRows(0..<g.patch, into: copied)
      columns = UnsafePointer(copied)
    }
    BLAS.sgemm(
      rows: g.groupFilters, columns: g.outPlane, depth: g.patch, a: kernel, aStride: g.patch,
      b: columns, bStride: g.outPlane, c: output, cStride: g.outPlane)
  }
}
