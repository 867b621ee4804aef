import RetortKernels
import RetortOps
import RetortTensor

/// Lowered convolutions of f32 and the packing of their kernels.
enum PackedKernels {
  /// The kernel of a convolution whose result is an image.
  static func kernel(_ op: any PackedConvolution, _ types: [TensorType]) -> any ChannelsLastKernel {
    let extents = op.acceptedExtents(types)
    switch op {
    case let op as WinogradConv2d:
      return WinogradKernel(geometry(extents), side: op.tile)
    case is PackedConv2dTranspose:
      return DirectInputGradient(geometry(extents))
    default:
      return DirectConvolution(geometry(extents))
    }
  }

  static func bound(
    _ op: any PackedConvolution, _ operands: [TensorView], _ y: TensorView
  ) -> [any Kernel] {
    let types = operands.map(\.type)
    let (x, weights, result) = (operands[0].floats, operands[1].floats, y.floats)
    if op is KernelGradientLast {
      return kernelGradient(geometry(op.acceptedExtents(types)), x, dy: weights, result)
    }
    let kernel = kernel(op, types)
    let channels = y.shape[3]
    return [
      BoundKernel(tiles: kernel.tileCount, scratch: kernel.scratchByteCount) {
        let block = kernel.block(ofTile: $0)
        kernel.run(
          tile: $0, x: x, weights: weights,
          target: result + block.pixels.lowerBound * channels + block.channels.lowerBound,
          targetStride: channels, scratch: $1)
      }
    ]
  }

  /// Shares of the sums first, then the sums of the shares.
  private static func kernelGradient(
    _ geometry: ChannelsLastGeometry, _ x: UnsafePointer<Float>, dy: UnsafePointer<Float>,
    _ dw: UnsafeMutablePointer<Float>
  ) -> [any Kernel] {
    let kernel = ConvolutionKernelGradientLast(geometry)
    let buffer = ScratchBuffer(byteCount: kernel.partialByteCount)
    let partials = buffer.base.assumingMemoryBound(to: Float.self)
    return [
      BoundKernel(tiles: kernel.tileCount, scratch: kernel.scratchByteCount) { tile, scratch in
        withExtendedLifetime(buffer) {
          kernel.run(tile: tile, x: x, dy: dy, partials: partials, scratch: scratch)
        }
      },
      BoundKernel(tiles: kernel.finishTileCount) { tile, _ in
        withExtendedLifetime(buffer) { kernel.finish(tile: tile, partials: partials, dw: dw) }
      },
    ]
  }

  static func packing(_ op: PackWinograd, _ w: TensorView, _ u: TensorView) -> any Kernel {
    let weights = WinogradWeights(
      side: op.tile, filters: w.shape[0], channels: w.shape[1], forInputGradient: op.swap)
    let (source, target) = (w.floats, u.floats)
    return BoundKernel(tiles: weights.tileCount) { tile, _ in
      weights.run(tile: tile, w: source, packed: target)
    }
  }

  static func packing(_ op: PackKernel, _ w: TensorView, _ packed: TensorView) -> any Kernel {
    let weights = PanelPacking(
      filters: w.shape[0], channels: w.shape[1], taps: w.shape[2] * w.shape[3], adjoint: op.swap)
    let (source, target) = (w.floats, packed.floats)
    return BoundKernel(tiles: weights.tileCount) { tile, _ in
      weights.run(tile: tile, weights: source, packed: target)
    }
  }

  private static func geometry(_ extents: ConvolutionExtents) -> ChannelsLastGeometry {
    let (rows, columns) = (extents.rows, extents.columns)
    return ChannelsLastGeometry(
      batch: extents.batch, height: rows.input, width: columns.input,
      channels: extents.inputChannels, filters: extents.outputChannels, kernelHeight: rows.taps,
      kernelWidth: columns.taps, stride: (rows.stride, columns.stride),
      padding: (rows.before, columns.before, rows.after, columns.after),
      dilation: (rows.dilation, columns.dilation))
  }
}
