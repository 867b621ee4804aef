import RetortTensor

/// The adjoint of a convolution in its weights: `dw = Σ_images dy · patchesᵀ`.
///
/// Shapes: `x: [N, C, H, W]`, `dy: [N, O, H′, W′]`, `dw: [O, C / groups, kh, kw]`. A tile is a
/// block of `dw` summed over the images in order, so nothing depends on threads and no partial sums
/// are kept.
package struct ConvolutionKernelGradient: Sendable, Hashable {
  package let geometry: ConvolutionGeometry
  package let method: ConvolutionMethod
  private let blocks: OutputBlocks
  private let usesPlanes: Bool

  package init(_ geometry: ConvolutionGeometry, method: ConvolutionMethod) {
    self.geometry = geometry
    self.method = method
    blocks =
      method == .simd
      ? OutputBlocks(
        rows: geometry.groupFilters, columns: geometry.patch, rowsPerTile: 256,
        columnsPerTile: 192)
      : OutputBlocks(
        rows: geometry.groupFilters, columns: geometry.patch, rowsPerTile: geometry.groupFilters,
        columnsPerTile: 256)
    usesPlanes =
      method == .simd && geometry.isDepthwise && DepthwisePlane(geometry).isOrdinary
  }

  private var tilesPerGroup: Int { usesPlanes ? 1 : blocks.count }

  package var tileCount: Int { geometry.groups * tilesPerGroup }

  package var scratchByteCount: Int {
    if usesPlanes { return DepthwisePlane(geometry).scratchByteCount }
    if method == .simd { return blocks.scratchByteCount(depth: geometry.outPlane) }
    return geometry.isPointwise ? 0 : 4 * blocks.columnsPerTile * geometry.outPlane
  }

  package func run(
    tile: Int, x: UnsafePointer<Float>, dy: UnsafePointer<Float>,
    dw: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let g = geometry
    let (group, index) = tile.quotientAndRemainder(dividingBy: tilesPerGroup)
    let result = dw + g.weightOffset(group: group)
    let block = usesPlanes ? (0..<g.groupFilters, 0..<g.patch) : blocks[index]
    if g.batch == 0 || g.outPlane == 0 || usesPlanes {
      for row in block.0 {
        (result + row * g.patch + block.1.lowerBound).update(repeating: 0, count: block.1.count)
      }
    }
    guard g.outPlane > 0 else { return }
    for image in 0..<g.batch {
      let input = x + g.inputOffset(image: image, group: group)
      let seed = dy + g.outputOffset(image: image, group: group)
      if usesPlanes {
        DepthwisePlane(g).addKernelGradient(input, seed, result, scratch)
      } else {
        add(image > 0, block.0, block.1, input, seed, result, scratch)
      }
    }
  }

  private func add(
    _ accumulate: Bool, _ rows: Range<Int>, _ columns: Range<Int>, _ input: UnsafePointer<Float>,
    _ seed: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutableRawPointer
  ) {
    let g = geometry
    let patches = Patches(geometry: g, image: input)
    if method == .simd {
      ProductTile.run(
        rows: rows, columns: columns, depth: g.outPlane,
        a: StridedPanels(base: seed, lineStride: g.outPlane, depthStride: 1),
        b: TransposedPatchPanels(patches: patches),
        c: result + rows.lowerBound * g.patch + columns.lowerBound, cStride: g.patch,
        accumulate: accumulate, scratch: scratch)
      return
    }
    var source = input + columns.lowerBound * g.outPlane
    if !g.isPointwise {
      let copied = scratch.assumingMemoryBound(to: Float.self)
      patches.copyRows(columns, into: copied)
      source = UnsafePointer(copied)
    }
    BLAS.sgemm(
      rows: rows.count, columns: columns.count, depth: g.outPlane, a: seed, aStride: g.outPlane,
      b: source, bStride: g.outPlane, transposesB: true, beta: accumulate ? 1 : 0,
      c: result + columns.lowerBound, cStride: g.patch)
  }
}
