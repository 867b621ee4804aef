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

  /// - Parameters:
  ///   - weights: the left operand of a group.
  ///   - epilogue: called as `(first filter of all, filter count, element count, stride, elements)`
  ///     for each finished part of an image.
  @inline(__always)
  func run<A: ProductPanels>(
    tile: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer, weights: (Int) -> A,
    epilogue: (Int, Int, Int, Int, UnsafeMutablePointer<Float>) -> Void
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
    let row = rows.lowerBound
    let target = output + g.outputOffset(image: first, group: group) + row * g.outPlane
    let filter = group * g.groupFilters + row
    if images == 1 {
      columns = columns.clamped(to: 0..<g.outPlane)
      let part = target + columns.lowerBound
      ProductTile.run(
        rows: rows, columns: columns, depth: g.patch, a: weights(group), b: panels, c: part,
        cStride: g.outPlane, accumulate: false, scratch: scratch)
      epilogue(filter, rows.count, columns.count, g.outPlane, part)
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
      epilogue(filter, rows.count, g.outPlane, g.outPlane, part)
    }
  }
}
