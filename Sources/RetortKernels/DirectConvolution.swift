/// `y = convolution(x, w)` of NHWC images, any kernel, stride, padding and dilation.
///
/// Shapes: `x: [N, H, W, C]`, weights as `PanelPacking.forward` packs them, `y: [N, H′, W′, O]`. Each
/// element sums its taps row by row and the channels of each tap in order, zeros outside the image
/// included.
package struct DirectConvolution: ChannelsLastKernel, Hashable {
  package let geometry: ChannelsLastGeometry
  private let sums: TapConvolution

  package init(_ g: ChannelsLastGeometry) {
    geometry = g
    var taps: [Tap] = []
    for u in 0..<g.kernelHeight {
      for v in 0..<g.kernelWidth {
        taps.append(
          Tap(y: u * g.dilationY - g.top, x: v * g.dilationX - g.left, index: taps.count))
      }
    }
    let phase = TapPhase(
      startY: 0, startX: 0, outStepY: 1, outStepX: 1, sourceStepY: g.strideY,
      sourceStepX: g.strideX, taps: taps)
    sums = TapConvolution(
      height: g.height, width: g.width, channels: g.channels, columns: g.filters,
      kernelTaps: g.taps, phases: [phase],
      tiling: OutputTiling(
        batch: g.batch, height: g.outHeight, width: g.outWidth, channels: g.filters,
        depth: g.taps * g.channels))
  }

  package var tileCount: Int { sums.tileCount }
  package var scratchByteCount: Int { sums.scratchByteCount }
  package func block(ofTile tile: Int) -> OutputBlock { sums.tiling.block(ofTile: tile) }

  package func run(
    tile: Int, x: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    target: UnsafeMutablePointer<Float>, targetStride: Int, scratch: UnsafeMutableRawPointer
  ) {
    sums.run(
      tile: tile, x: x, weights: weights, target: target, targetStride: targetStride,
      scratch: scratch)
  }
}
