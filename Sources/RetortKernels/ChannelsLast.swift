/// The extents of a 2-d convolution of NHWC images, without groups.
///
/// Shapes: `x: [N, H, W, C]`, `w: [O, C, kh, kw]`, `y: [N, H′, W′, O]`.
/// `y[n, p, q, o] = Σ x[n, p · strideY − top + u · dilationY, q · strideX − left + v · dilationX, c]
/// · w[o, c, u, v]` over channels `c` and taps `(u, v)`; outside the image, x is 0. Negative padding
/// cuts the image.
package struct ChannelsLastGeometry: Sendable, Hashable {
  package var batch: Int
  package var height: Int
  package var width: Int
  package var channels: Int
  package var filters: Int
  package var kernelHeight: Int
  package var kernelWidth: Int
  package var strideY: Int
  package var strideX: Int
  package var top: Int
  package var left: Int
  package var bottom: Int
  package var right: Int
  package var dilationY: Int
  package var dilationX: Int

  package init(
    batch: Int, height: Int, width: Int, channels: Int, filters: Int, kernelHeight: Int,
    kernelWidth: Int, stride: (y: Int, x: Int) = (1, 1),
    padding: (top: Int, left: Int, bottom: Int, right: Int) = (0, 0, 0, 0),
    dilation: (y: Int, x: Int) = (1, 1)
  ) {
    precondition(stride.y > 0 && stride.x > 0 && dilation.y > 0 && dilation.x > 0)
    self.batch = batch
    self.height = height
    self.width = width
    self.channels = channels
    self.filters = filters
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    strideY = stride.y
    strideX = stride.x
    (top, left, bottom, right) = padding
    dilationY = dilation.y
    dilationX = dilation.x
  }

  package var outHeight: Int {
    max(0, (height + top + bottom - dilationY * (kernelHeight - 1) - 1 + strideY) / strideY)
  }
  package var outWidth: Int {
    max(0, (width + left + right - dilationX * (kernelWidth - 1) - 1 + strideX) / strideX)
  }

  package var taps: Int { kernelHeight * kernelWidth }
  /// Pixels of all images of `x`, and of `y`.
  package var pixels: Int { batch * height * width }
  package var outPixels: Int { batch * outHeight * outWidth }
  /// Counted as a direct convolution, a multiply-add as two; the same for both gradients.
  package var flops: Int { 2 * outPixels * filters * channels * taps }
}

/// What one tile computes: pixels, numbered over the images of the result row by row, by channels.
package struct OutputBlock: Sendable, Hashable {
  package var pixels: Range<Int>
  package var channels: Range<Int>

  package init(pixels: Range<Int>, channels: Range<Int>) {
    self.pixels = pixels
    self.channels = channels
  }
}

/// A convolution of NHWC images, or its adjoint in the image, in tiles that each compute one block
/// of the result.
///
/// The blocks are a function of shapes alone, and an element's sum is taken in an order that only
/// channels and kernel decide, so results depend neither on threads nor on the batch.
package protocol ChannelsLastKernel: Sendable {
  var tileCount: Int { get }
  /// Bytes that each running tile needs.
  var scratchByteCount: Int { get }

  func block(ofTile tile: Int) -> OutputBlock

  /// Computes the tile's block: pixel `p`, channel `c` goes to
  /// `target[(p − pixels.lowerBound) · targetStride + (c − channels.lowerBound)]`.
  ///
  /// - Parameters:
  ///   - x: the images; for the adjoint the cotangents of the results.
  ///   - weights: packed as the kernel describes.
  ///   - target: place of the block's first element, in the result (`targetStride` = all channels)
  ///     or in a buffer of the block's own.
  func run(
    tile: Int, x: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    target: UnsafeMutablePointer<Float>, targetStride: Int, scratch: UnsafeMutableRawPointer)
}
