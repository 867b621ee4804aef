import RetortTensor

/// The adjoint of a convolution in its input, which is also the transposed convolution of `dy`.
///
/// Shapes: `dy: [N, O, H′, W′]`, `w: [O, C / groups, kh, kw]`, `dx: [N, C, H, W]`, all of the
/// forward geometry. `simd` at stride 1 is a convolution with mirrored taps; otherwise the
/// gradients of the patches are computed and added back to the image in the order of the taps.
package struct ConvolutionInputGradient: Sendable, Hashable {
  package let geometry: ConvolutionGeometry
  package let method: ConvolutionMethod
  /// Stride 1: the convolution with mirrored taps.
  private let product: PatchProduct?
  /// Otherwise the gradients of the patches.
  private let blocks: OutputBlocks
  private let usesPlanes: Bool

  package init(_ geometry: ConvolutionGeometry, method: ConvolutionMethod) {
    self.geometry = geometry
    self.method = method
    let planes =
      method == .simd && geometry.isDepthwise
      && DepthwisePlane(geometry).isOrdinaryForInputGradient
    usesPlanes = planes
    let mirrors =
      method == .simd && !planes && geometry.strideY == 1 && geometry.strideX == 1
    product = mirrors ? PatchProduct(geometry.mirrored) : nil
    blocks = OutputBlocks(rows: geometry.patch, columns: geometry.outPlane)
  }

  package var tileCount: Int {
    if let product { return product.tileCount }
    return geometry.plane == 0 ? 0 : geometry.batch * geometry.groups
  }

  package var scratchByteCount: Int {
    if usesPlanes { return DepthwisePlane(geometry).inputGradientScratchByteCount }
    if let product { return product.scratchByteCount }
    let columns = geometry.isPointwise ? 0 : 4 * geometry.patch * geometry.outPlane
    return columns + (method == .simd ? blocks.scratchByteCount(depth: geometry.groupFilters) : 0)
  }

  package func run(
    tile: Int, dy: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    dx: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let g = geometry
    if let product {
      product.run(tile: tile, input: dy, output: dx, scratch: scratch) { group in
        MirroredWeightPanels(
          weights: weights + g.weightOffset(group: group), groupChannels: g.groupChannels,
          taps: g.taps)
      }
      return
    }
    let (image, group) = tile.quotientAndRemainder(dividingBy: g.groups)
    let seed = dy + g.outputOffset(image: image, group: group)
    let kernel = weights + g.weightOffset(group: group)
    let result = dx + g.inputOffset(image: image, group: group)
    if usesPlanes {
      DepthwisePlane(g).inputGradient(seed, kernel, result, scratch)
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
