import RetortTensor

/// Convolution of one channel with the filters of its own, straight from a zero-padded copy of the
/// plane, so that no inner loop asks where the image ends.
struct DepthwisePlane {
  private let g: ConvolutionGeometry

  init(_ geometry: ConvolutionGeometry) { g = geometry }

  // The padded plane covers all that taps can reach, and the image where it is larger than that.
  private var rows: Int {
    max(
      g.height + max(0, g.top),
      (g.outHeight - 1) * g.strideY + (g.kernelHeight - 1) * g.dilationY + 1 + max(0, -g.top))
  }
  private var rowStride: Int {
    let reach =
      (g.outWidth - 1) * g.strideX + (g.kernelWidth - 1) * g.dilationX + 1 + max(0, -g.left)
    return max(g.width + max(0, g.left), reach)
  }

  var scratchByteCount: Int { 4 * rows * rowStride }

  /// Where the image's first element lies in the padded plane.
  private var imageOffset: Int { max(0, g.top) * rowStride + max(0, g.left) }
  /// Where the first tap of the first output lies.
  private var tapOffset: Int { max(0, -g.top) * rowStride + max(0, -g.left) }

  private func tap(_ index: Int) -> Int {
    tapOffset + index / g.kernelWidth * g.dilationY * rowStride
      + index % g.kernelWidth * g.dilationX
  }

  private func pad(
    _ image: UnsafePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) -> UnsafeMutablePointer<Float> {
    let plane = scratch.assumingMemoryBound(to: Float.self)
    plane.update(repeating: 0, count: rows * rowStride)
    for y in 0..<g.height {
      (plane + imageOffset + y * rowStride).update(from: image + y * g.width, count: g.width)
    }
    return plane
  }

  /// Every output sums its taps in order.
  func forward(
    _ image: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) {
    let plane = pad(image, scratch)
    for filter in 0..<g.groupFilters {
      let kernel = weights + filter * g.taps
      for p in 0..<g.outHeight {
        let line = output + filter * g.outPlane + p * g.outWidth
        line.update(repeating: 0, count: g.outWidth)
        for index in 0..<g.taps {
          let source = plane + tap(index) + p * g.strideY * rowStride
          let weight = kernel[index]
          for q in 0..<g.outWidth {
            line[q] = line[q].addingProduct(weight, source[q &* g.strideX])
          }
        }
      }
    }
  }

  func inputGradient(
    _ seed: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
    _ result: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) {
    let plane = scratch.assumingMemoryBound(to: Float.self)
    plane.update(repeating: 0, count: rows * rowStride)
    for filter in 0..<g.groupFilters {
      for p in 0..<g.outHeight {
        let line = seed + filter * g.outPlane + p * g.outWidth
        for index in 0..<g.taps {
          let target = plane + tap(index) + p * g.strideY * rowStride
          let weight = weights[filter * g.taps + index]
          for q in 0..<g.outWidth {
            target[q &* g.strideX] = target[q &* g.strideX].addingProduct(weight, line[q])
          }
        }
      }
    }
    for y in 0..<g.height {
      (result + y * g.width).update(from: plane + imageOffset + y * rowStride, count: g.width)
    }
  }

  /// Adds this image's share to `result`; each line's products are summed in sixteen lanes.
  func addKernelGradient(
    _ image: UnsafePointer<Float>, _ seed: UnsafePointer<Float>,
    _ result: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) {
    let plane = pad(image, scratch)
    for filter in 0..<g.groupFilters {
      for index in 0..<g.taps {
        var sum: Float = 0
        for p in 0..<g.outHeight {
          let line = seed + filter * g.outPlane + p * g.outWidth
          let source = plane + tap(index) + p * g.strideY * rowStride
          sum += dot(line, source, g.strideX, g.outWidth)
        }
        result[filter * g.taps + index] += sum
      }
    }
  }

  private func dot(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ bStride: Int, _ count: Int
  ) -> Float {
    var total: Float = 0
    var i = 0
    if bStride == 1 {
      var sums = LaneBlock.zero
      while i &+ 16 <= count {
        sums = sums.addingProduct(LaneBlock.load(a + i), LaneBlock.load(b + i))
        i &+= 16
      }
      total = sums.sum()
    }
    while i < count {
      total = total.addingProduct(a[i], b[i &* bStride])
      i &+= 1
    }
    return total
  }
}
