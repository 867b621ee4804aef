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

/// `y = convolution(x, w)`, with an optional bias per filter and clamp at 0.
///
/// Shapes: `x: [N, C, H, W]`, `w: [O, C / groups, kh, kw]`, `bias: [O]`, `y: [N, O, H′, W′]`. An
/// image's result depends neither on the batch nor on the tiles.
package struct ConvolutionForward: Sendable, Hashable {
  package let geometry: ConvolutionGeometry
  package let method: ConvolutionMethod
  package let epilogue: ConvolutionEpilogue
  private let blocks: OutputBlocks

  package init(
    _ geometry: ConvolutionGeometry, method: ConvolutionMethod,
    epilogue: ConvolutionEpilogue = ConvolutionEpilogue()
  ) {
    self.geometry = geometry
    self.method = method
    self.epilogue = epilogue
    blocks = OutputBlocks(rows: geometry.groupFilters, columns: geometry.outPlane)
  }

  private var usesPlanes: Bool { method == .simd && geometry.isDepthwise }
  private var tilesPerGroup: Int { method == .simd && !usesPlanes ? blocks.count : 1 }

  package var tileCount: Int {
    geometry.outPlane == 0 ? 0 : geometry.batch * geometry.groups * tilesPerGroup
  }

  package var scratchByteCount: Int {
    if usesPlanes { return DepthwisePlane(geometry).scratchByteCount }
    if method == .simd { return blocks.scratchByteCount(depth: geometry.patch) }
    return geometry.isPointwise ? 0 : 4 * geometry.patch * geometry.outPlane
  }

  package func run(
    tile: Int, x: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>? = nil, y: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) {
    let g = geometry
    let (image, group) = (tile / tilesPerGroup).quotientAndRemainder(dividingBy: g.groups)
    let input = x + g.inputOffset(image: image, group: group)
    let kernel = weights + g.weightOffset(group: group)
    let output = y + g.outputOffset(image: image, group: group)
    var block = (rows: 0..<g.groupFilters, columns: 0..<g.outPlane)
    if usesPlanes {
      DepthwisePlane(g).forward(input, kernel, output, scratch)
    } else if method == .simd {
      block = blocks[tile % tilesPerGroup]
      ProductTile.run(
        rows: block.rows, columns: block.columns, depth: g.patch,
        a: StridedPanels(base: kernel, lineStride: g.patch, depthStride: 1),
        b: PatchPanels(patches: Patches(geometry: g, image: input)),
        c: output + block.rows.lowerBound * g.outPlane + block.columns.lowerBound,
        cStride: g.outPlane, accumulate: false, scratch: scratch)
    } else {
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
    epilogue.apply(
      rows: block.rows.count, count: block.columns.count, stride: g.outPlane,
      bias: bias.map { $0 + group * g.groupFilters + block.rows.lowerBound },
      output + block.rows.lowerBound * g.outPlane + block.columns.lowerBound)
  }
}
