/// The extents of a 2-d convolution of NCHW images with weights `[filters, channels / groups,
/// kernelHeight, kernelWidth]`.
///
/// `y[n, o, p, q] = Σ x[n, c, p · strideY − top + u · dilationY, q · strideX − left + v ·
/// dilationX] · w[o, c, u, v]` over the channels `c` of `o`'s group and taps `(u, v)`; outside the
/// image, x is 0.
package struct ConvolutionGeometry: Sendable, Hashable {
  package var batch: Int
  package var channels: Int
  package var height: Int
  package var width: Int
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
  package var groups: Int

  package init(
    batch: Int, channels: Int, height: Int, width: Int, filters: Int, kernelHeight: Int,
    kernelWidth: Int, stride: (y: Int, x: Int) = (1, 1),
    padding: (top: Int, left: Int, bottom: Int, right: Int) = (0, 0, 0, 0),
    dilation: (y: Int, x: Int) = (1, 1), groups: Int = 1
  ) {
    precondition(stride.y > 0 && stride.x > 0 && dilation.y > 0 && dilation.x > 0 && groups > 0)
    precondition(channels % groups == 0 && filters % groups == 0, "groups must divide channels")
    self.batch = batch
    self.channels = channels
    self.height = height
    self.width = width
    self.filters = filters
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    strideY = stride.y
    strideX = stride.x
    (top, left, bottom, right) = padding
    dilationY = dilation.y
    dilationX = dilation.x
    self.groups = groups
  }

  package var outHeight: Int {
    max(0, (height + top + bottom - dilationY * (kernelHeight - 1) - 1 + strideY) / strideY)
  }
  package var outWidth: Int {
    max(0, (width + left + right - dilationX * (kernelWidth - 1) - 1 + strideX) / strideX)
  }

  package var flops: Int { 2 * batch * filters * outPlane * patch }

  var groupChannels: Int { channels / groups }
  var groupFilters: Int { filters / groups }
  var plane: Int { height * width }
  var outPlane: Int { outHeight * outWidth }
  /// The products that each output sums.
  var patch: Int { groupChannels * kernelHeight * kernelWidth }
  var taps: Int { kernelHeight * kernelWidth }

  /// Whether the patches are the image itself.
  var isPointwise: Bool {
    taps == 1 && strideY == 1 && strideX == 1 && top == 0 && left == 0 && bottom == 0 && right == 0
  }
  /// Whether each channel has filters of its own.
  package var isDepthwise: Bool { groupChannels == 1 && groups > 1 }

  func inputOffset(image: Int, group: Int) -> Int {
    (image * channels + group * groupChannels) * plane
  }
  func outputOffset(image: Int, group: Int) -> Int {
    (image * filters + group * groupFilters) * outPlane
  }
  func weightOffset(group: Int) -> Int { group * groupFilters * patch }

  /// The convolution over `dy` that gives `dx`: channels and filters swapped, taps mirrored. Only
  /// for stride 1.
  var mirrored: ConvolutionGeometry {
    let spanY = dilationY * (kernelHeight - 1)
    let spanX = dilationX * (kernelWidth - 1)
    return ConvolutionGeometry(
      batch: batch, channels: filters, height: outHeight, width: outWidth, filters: channels,
      kernelHeight: kernelHeight, kernelWidth: kernelWidth,
      padding: (
        spanY - top, spanX - left, height - outHeight + top, width - outWidth + left
      ), dilation: (dilationY, dilationX), groups: groups)
  }
}
