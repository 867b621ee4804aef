import RetortTensor

/// The adjoint of a convolution in its input, which is also the transposed convolution of `dy`.
///
/// Shapes: `dy: [N, O, H′, W′]`, `w: [O, C / groups, kh, kw]`, `dx: [N, C, H, W]`, all of the forward
/// geometry. `simd` at stride 1 is a convolution with mirrored taps; otherwise the gradients of the
/// patches are computed and added back to the image in the order of the taps.
package struct ConvolutionInputGradient: Sendable, Hashable {
  package let geometry: ConvolutionGeometry
  package let method: ConvolutionMethod
  private let blocks: OutputBlocks

  package init(_ geometry: ConvolutionGeometry, method: ConvolutionMethod) {
    self.geometry = geometry
    self.method = method
    blocks =
      geometry.strideY == 1 && geometry.strideX == 1
      ? OutputBlocks(rows: geometry.groupChannels, columns: geometry.plane)
      : OutputBlocks(rows: geometry.patch, columns: geometry.outPlane)
  }

  private var usesPlanes: Bool { method == .simd && geometry.isDepthwise }
  private var mirrors: Bool {
    method == .simd && !usesPlanes && geometry.strideY == 1 && geometry.strideX == 1
  }
  private var tilesPerGroup: Int { mirrors ? blocks.count : 1 }

  package var tileCount: Int {
    geometry.plane == 0 ? 0 : geometry.batch * geometry.groups * tilesPerGroup
  }

  package var scratchByteCount: Int {
    if usesPlanes { return DepthwisePlane(geometry).scratchByteCount }
    if mirrors {
      return blocks.scratchByteCount(depth: geometry.groupFilters * geometry.taps)
    }
    let columns = geometry.isPointwise ? 0 : 4 * geometry.patch * geometry.outPlane
    let product = method == .simd ? blocks.scratchByteCount(depth: geometry.groupFilters) : 0
    return columns + product
  }

  package func run(
    tile: Int, dy: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    dx: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let g = geometry
    let (image, group) = (tile / tilesPerGroup).quotientAndRemainder(dividingBy: g.groups)
    let seed = dy + g.outputOffset(image: image, group: group)
    let kernel = weights + g.weightOffset(group: group)
    let result = dx + g.inputOffset(image: image, group: group)
    if usesPlanes {
      DepthwisePlane(g).inputGradient(seed, kernel, result, scratch)
    } else if mirrors {
      let block = blocks[tile % tilesPerGroup]
      let mirrored = g.mirrored
      ProductTile.run(
        rows: block.rows, columns: block.columns, depth: mirrored.patch,
        a: MirroredWeightPanels(weights: kernel, groupChannels: g.groupChannels, taps: g.taps),
        b: PatchPanels(patches: Patches(geometry: mirrored, image: seed)),
        c: result + block.rows.lowerBound * g.plane + block.columns.lowerBound, cStride: g.plane,
        accumulate: false, scratch: scratch)
    } else {
      // Pointwise patches are the image; others are added back to it.
      let columns = g.isPointwise ? result : scratch.assumingMemoryBound(to: Float.self)
      patchGradient(
        seed, kernel, columns, scratch + (g.isPointwise ? 0 : 4 * g.patch * g.outPlane))
      if !g.isPointwise { Patches.addBack(g, columns: columns, image: result) }
    }
  }

  /// `columns[patch, outPlane] = wᵀ · dy`.
  private func patchGradient(
    _ seed: UnsafePointer<Float>, _ kernel: UnsafePointer<Float>,
    _ columns: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) {
    let g = geometry
    if method == .blas {
      BLAS.sgemm(
        rows: g.patch, columns: g.outPlane, depth: g.groupFilters, a: kernel, aStride: g.patch,
        transposesA: true, b: seed, bStride: g.outPlane, c: columns, cStride: g.outPlane)
      return
    }
    for index in 0..<blocks.count {
      let block = blocks[index]
      ProductTile.run(
        rows: block.rows, columns: block.columns, depth: g.groupFilters,
        a: StridedPanels(base: kernel, lineStride: 1, depthStride: g.patch),
        b: StridedPanels(base: seed, lineStride: 1, depthStride: g.outPlane),
        c: columns + block.rows.lowerBound * g.outPlane + block.columns.lowerBound,
        cStride: g.outPlane, accumulate: false, scratch: scratch)
    }
  }
}
