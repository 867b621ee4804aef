import RetortTensor

/// A 3 × 3 convolution of NHWC images at stride 1 by the transforms F(t × t, 3 × 3).
///
/// Each square of t × t outputs is computed from (t + 2)² inputs of each channel: the inputs are
/// transformed, multiplied by transformed weights position by position, summed over the channels,
/// and transformed back. That takes (t + 2)² products a channel instead of 9 t²: a quarter for
/// t = 4, 4/9 for t = 2. Weights are packed by `WinogradWeights`.
///
/// An element sums its channels in order, whatever the tile and the batch. For normally distributed
/// images and weights the error against f64, relative to the root mean square of the result, is
/// 2e-7 (16 channels) to 7e-7 (512 channels) for t = 2, and 1.1e-6 to 6.0e-6 for t = 4.
package struct WinogradKernel: ChannelsLastKernel, Hashable {
  package let geometry: ChannelsLastGeometry
  /// Outputs along one side of a square, t: 2 or 4.
  package let side: Int
  let grid: WinogradGrid
  let blocking: WinogradBlocking

  /// Whether `WinogradKernel` computes the convolution.
  package static func accepts(_ geometry: ChannelsLastGeometry) -> Bool {
    geometry.kernelHeight == 3 && geometry.kernelWidth == 3 && geometry.strideY == 1
      && geometry.strideX == 1 && geometry.dilationY == 1 && geometry.dilationX == 1
  }

  package init(_ geometry: ChannelsLastGeometry, side: Int) {
    precondition(Self.accepts(geometry) && (side == 2 || side == 4))
    self.geometry = geometry
    self.side = side
    grid = WinogradGrid(geometry, side: side)
    blocking = WinogradBlocking(geometry, grid: grid)
  }

  /// The adjoint in the image of the convolution with this geometry, which is again a convolution:
  /// of the cotangents, with channels and filters exchanged and the taps mirrored.
  package init(inputGradientOf geometry: ChannelsLastGeometry, side: Int) {
    self.init(
      ChannelsLastGeometry(
        batch: geometry.batch, height: geometry.outHeight, width: geometry.outWidth,
        channels: geometry.filters, filters: geometry.channels, kernelHeight: 3, kernelWidth: 3,
        padding: (
          2 - geometry.top, 2 - geometry.left,
          geometry.height - geometry.outHeight + geometry.top,
          geometry.width - geometry.outWidth + geometry.left
        )), side: side)
  }

  package var tileCount: Int { blocking.pixelBlocks * blocking.channelBlocks }

  package var scratchByteCount: Int {
    side == 4 ? WinogradPass<6>.byteCount(self) : WinogradPass<4>.byteCount(self)
  }

  /// Neighbouring tiles share their weights, which are the larger operand where it matters.
  package func block(ofTile tile: Int) -> OutputBlock {
    let (channelBlock, pixelBlock) = tile.quotientAndRemainder(dividingBy: blocking.pixelBlocks)
    let firstChannel = channelBlock * blocking.panelsPerBlock * PanelBlock.columns
    let lastChannel = firstChannel + blocking.panelsPerBlock * PanelBlock.columns
    return OutputBlock(
      pixels: grid.pixels(ofBands: bands(ofPixelBlock: pixelBlock)),
      channels: firstChannel..<min(lastChannel, geometry.filters))
  }

  private func bands(ofPixelBlock block: Int) -> Range<Int> {
    let (images, band) = block.quotientAndRemainder(dividingBy: blocking.blocksPerImage)
    let image = images * blocking.imagesPerBlock
    let first = image * grid.down + band * blocking.bandsPerBlock
    let last =
      blocking.imagesPerBlock > 1
      ? min(image + blocking.imagesPerBlock, geometry.batch) * grid.down
      : min(first + blocking.bandsPerBlock, (image + 1) * grid.down)
    return first..<last
  }

  package func run(
    tile: Int, x: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    target: UnsafeMutablePointer<Float>, targetStride: Int, scratch: UnsafeMutableRawPointer
  ) {
    let block = block(ofTile: tile)
    let bands = bands(ofPixelBlock: tile % blocking.pixelBlocks)
    if side == 4 {
      WinogradPass<6>(self, scratch).run(
        bands: bands, block: block, x: x, weights: weights, target: target,
        targetStride: targetStride)
    } else {
      WinogradPass<4>(self, scratch).run(
        bands: bands, block: block, x: x, weights: weights, target: target,
        targetStride: targetStride)
    }
  }
}
