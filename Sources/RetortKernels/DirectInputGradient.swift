/// The adjoint of a convolution of NHWC images in the images: the transposed convolution of `dy`.
///
/// Shapes: `dy: [N, H′, W′, O]`, weights as `PanelPacking.adjoint` packs them, `dx: [N, H, W, C]`,
/// all of the forward geometry. The pixels of `dx` fall into a phase for each residue modulo the
/// strides; the taps that reach a phase make it a convolution of `dy` with stride 1, and a pixel
/// that none reaches is 0. Images of few channels go by `SpreadingInputGradient`.
package struct DirectInputGradient: ChannelsLastKernel, Hashable {
  package let geometry: ChannelsLastGeometry
  private let sums: TapConvolution
  /// Where the image has few channels.
  private let spreading: SpreadingInputGradient?

  package init(_ g: ChannelsLastGeometry) {
    geometry = g
    spreading = SpreadingInputGradient.pays(g) ? SpreadingInputGradient(g) : nil
    var phases: [TapPhase] = []
    for startY in 0..<min(g.strideY, max(1, g.height)) {
      for startX in 0..<min(g.strideX, max(1, g.width)) {
        phases.append(
          TapPhase(
            startY: startY, startX: startX, outStepY: g.strideY, outStepX: g.strideX,
            sourceStepY: 1, sourceStepX: 1, taps: Self.taps(g, startY, startX)))
      }
    }
    sums = TapConvolution(
      height: g.outHeight, width: g.outWidth, channels: g.filters, columns: g.channels,
      kernelTaps: g.taps, phases: phases,
      tiling: OutputTiling(
        batch: g.batch, height: g.height, width: g.width, channels: g.channels,
        depth: (g.taps + g.strideY * g.strideX - 1) / (g.strideY * g.strideX) * g.filters))
  }

  /// The taps whose products reach pixels `start + i · stride`, and from where.
  private static func taps(_ g: ChannelsLastGeometry, _ startY: Int, _ startX: Int) -> [Tap] {
    var taps: [Tap] = []
    for u in 0..<g.kernelHeight {
      for v in 0..<g.kernelWidth {
        let y = startY + g.top - u * g.dilationY
        let x = startX + g.left - v * g.dilationX
        guard y.isMultiple(of: g.strideY), x.isMultiple(of: g.strideX) else { continue }
        taps.append(Tap(y: y / g.strideY, x: x / g.strideX, index: u * g.kernelWidth + v))
      }
    }
    return taps
  }

  private var tiling: OutputTiling { spreading?.tiling ?? sums.tiling }
  package var tileCount: Int { tiling.tileCount }
  package var scratchByteCount: Int { spreading?.scratchByteCount ?? sums.scratchByteCount }
  package func block(ofTile tile: Int) -> OutputBlock { tiling.block(ofTile: tile) }

  /// - Parameter x: the cotangents `dy`.
  package func run(
    tile: Int, x: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    target: UnsafeMutablePointer<Float>, targetStride: Int, scratch: UnsafeMutableRawPointer
  ) {
    if let spreading {
      spreading.run(
        tile: tile, dy: x, weights: weights, target: target, targetStride: targetStride,
        scratch: scratch)
    } else {
      sums.run(
        tile: tile, x: x, weights: weights, target: target, targetStride: targetStride,
        scratch: scratch)
    }
  }
}
