import RetortTensor

/// A convolution as a product of weights and patches that are packed slice by slice, straight from
/// the images.
///
/// Small images share a tile, so that the weights are packed once for several of them; what an
/// image's elements sum, and in which order, is the same.
struct PatchProduct: Sendable, Hashable {
  let geometry: ConvolutionGeometry
  private let imagesPerTile: Int
  private let blocks: OutputBlocks

  private static let columnsPerTile = 512

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    imagesPerTile = max(1, Self.columnsPerTile / max(1, geometry.outPlane))
    blocks = OutputBlocks(
      rows: geometry.groupFilters, columns: imagesPerTile * geometry.outPlane,
      columnsPerTile: Self.columnsPerTile)
  }

  private var imageBlocks: Int { (geometry.batch + imagesPerTile - 1) / imagesPerTile }

  var tileCount: Int {
    geometry.outPlane == 0 ? 0 : imageBlocks * geometry.groups * blocks.count
  }

  var scratchByteCount: Int {
    // Images of one tile do not lie beside each other in the output, so their block is copied.
    let block = imagesPerTile == 1 ? 0 : 4 * blocks.rowsPerTile * blocks.columnsPerTile
    return block + blocks.scratchByteCount(depth: geometry.patch)
  }

  /// - Parameter weights: the left operand of a group.
  @inline(__always)
  func run<A: ProductPanels>(
    tile: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer, weights: (Int) -> A
  ) {
    let g = geometry
    let (part, index) = tile.quotientAndRemainder(dividingBy: blocks.count)
    let (imageBlock, group) = part.quotientAndRemainder(dividingBy: g.groups)
    let first = imageBlock * imagesPerTile
    let images = min(imagesPerTile, g.batch - first)
    var (rows, columns) = blocks[index]
    let panels = PatchPanels(
      patches: Patches(
        geometry: g, image: input + g.inputOffset(image: first, group: group)),
      imageStride: g.channels * g.plane)
    let target =
      output + g.outputOffset(image: first, group: group) + rows.lowerBound * g.outPlane
    if images == 1 {
      columns = columns.clamped(to: 0..<g.outPlane)
      ProductTile.run(
        rows: rows, columns: columns, depth: g.patch, a: weights(group), b: panels,
        c: target + columns.lowerBound, cStride: g.outPlane, accumulate: false, scratch: scratch)
      return
    }
    columns = 0..<images * g.outPlane
    let block = scratch.assumingMemoryBound(to: Float.self)
    ProductTile.run(
      rows: rows, columns: columns, depth: g.patch, a: weights(group), b: panels, c: block,
      cStride: columns.count, accumulate: false,
      scratch: scratch + 4 * blocks.rowsPerTile * blocks.columnsPerTile)
    for image in 0..<images {
      let part = target + image * g.filters * g.outPlane
      for row in 0..<rows.count {
        (part + row * g.outPlane).update(
          from: block + row * columns.count + image * g.outPlane, count: g.outPlane)
      }
    }
  }
}
