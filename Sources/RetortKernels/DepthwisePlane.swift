import RetortTensor

/// Convolution of one channel with the filters of its own, straight from a zero-padded copy of the
/// plane, so that no inner loop asks where the image ends.
struct DepthwisePlane {
  private let g: ConvolutionGeometry
  // The padded plane covers all that taps can reach, and the image where it is larger than that.
  private let rows: Int
  private let rowStride: Int

  init(_ geometry: ConvolutionGeometry) {
    g = geometry
    rows = max(
      g.height + max(0, g.top),
      (g.outHeight - 1) * g.strideY + (g.kernelHeight - 1) * g.dilationY + 1 + max(0, -g.top))
    rowStride = max(
      g.width + max(0, g.left),
      (g.outWidth - 1) * g.strideX + (g.kernelWidth - 1) * g.dilationX + 1 + max(0, -g.left))
  }

  /// Whether the padded plane is at most a few times the image and the output. Padding, dilation
  /// and stride can make it as large as they like, and then patches are cheaper.
  var isOrdinary: Bool {
    let (count, overflows) = rows.multipliedReportingOverflow(by: rowStride)
    let limit = 8 * (g.plane + g.outPlane) + 4096
    return !overflows && count <= limit && 16 * g.strideX <= limit
  }

  /// The same for `inputGradient`.
  var isOrdinaryForInputGradient: Bool {
    mirrors ? DepthwisePlane(g.mirrored).isOrdinary : isOrdinary
  }

  /// With room behind the last line for whole vectors.
  private var planeCount: Int { rows * rowStride + 16 * g.strideX }
  var scratchByteCount: Int { 4 * planeCount }

  /// Where the image's first element lies in the padded plane.
  private var imageOffset: Int { max(0, g.top) * rowStride + max(0, g.left) }
  /// Where the first tap of the first output lies.
  private var tapOffset: Int { max(0, -g.top) * rowStride + max(0, -g.left) }

  private func pad(
    _ image: UnsafePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) -> UnsafeMutablePointer<Float> {
    let plane = scratch.assumingMemoryBound(to: Float.self)
    plane.update(repeating: 0, count: planeCount)
    for y in 0..<g.height {
      (plane + imageOffset + y * rowStride).update(from: image + y * g.width, count: g.width)
    }
    return plane
  }

  /// Every output sums its taps in order. With `mirrorsTaps` the weights of each filter are read
  /// backwards.
  func forward(
    _ image: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer,
    mirrorsTaps: Bool = false
  ) {
    let plane = pad(image, scratch)
    let last = g.taps - 1
    for filter in 0..<g.groupFilters {
      for p in 0..<g.outHeight {
        let line = output + filter * g.outPlane + p * g.outWidth
        let source = plane + tapOffset + p * g.strideY * rowStride
        for q in stride(from: 0, to: g.outWidth, by: 16) {
          var sum = LaneBlock.zero
          forEachTap(filter) { index, offset in
            let x = load(source + (offset &+ q &* g.strideX))
            let weight = weights[mirrorsTaps ? last &- index : index]
            sum = sum.addingProduct(LaneBlock(repeating: weight), x)
          }
          sum.store(line + q, count: min(16, g.outWidth - q))
        }
      }
    }
  }

  /// Whether the input gradient is itself such a convolution, with mirrored taps: then stores do
  /// not overlap what the next tap loads.
  private var mirrors: Bool { g.strideY == 1 && g.strideX == 1 && g.groupFilters == 1 }

  var inputGradientScratchByteCount: Int {
    mirrors ? DepthwisePlane(g.mirrored).scratchByteCount : scratchByteCount
  }

  /// Otherwise every tap adds its share of `dy` to a padded plane, of which the image part is the
  /// result.
  func inputGradient(
    _ seed: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
    _ result: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) {
    if mirrors {
      DepthwisePlane(g.mirrored).forward(seed, weights, result, scratch, mirrorsTaps: true)
      return
    }
    let plane = scratch.assumingMemoryBound(to: Float.self)
    plane.update(repeating: 0, count: planeCount)
    for filter in 0..<g.groupFilters {
      for p in 0..<g.outHeight {
        let line = seed + filter * g.outPlane + p * g.outWidth
        let target = plane + tapOffset + p * g.strideY * rowStride
        forEachTap(filter) { index, offset in
          add(weights[index], line, to: target + offset)
        }
      }
    }
    for y in 0..<g.height {
      (result + y * g.width).update(from: plane + imageOffset + y * rowStride, count: g.width)
    }
  }

  /// Adds this image's share to `result`; each tap's products are summed in sixteen lanes.
  func addKernelGradient(
    _ image: UnsafePointer<Float>, _ seed: UnsafePointer<Float>,
    _ result: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) {
    let plane = pad(image, scratch)
    for filter in 0..<g.groupFilters {
      forEachTap(filter) { index, offset in
        var sums = LaneBlock.zero
        for p in 0..<g.outHeight {
          let line = seed + filter * g.outPlane + p * g.outWidth
          let source = plane + (tapOffset + offset + p * g.strideY * rowStride)
          for q in stride(from: 0, to: g.outWidth, by: 16) {
            let count = min(16, g.outWidth - q)
            var x = load(source + q &* g.strideX)
            // Lanes past the line must not turn an infinity there into NaN.
            if count < 16 { for lane in count..<16 { x[lane] = 0 } }
            sums = sums.addingProduct(LaneBlock.load(line + q, count: count), x)
          }
        }
        result[index] += sums.sum()
      }
    }
  }

  /// Calls `body(weight index, offset of the tap in the padded plane)`.
  @inline(__always)
  private func forEachTap(_ filter: Int, _ body: (Int, Int) -> Void) {
    var index = filter &* g.taps
    for u in 0..<g.kernelHeight {
      for v in 0..<g.kernelWidth {
        body(index, u &* g.dilationY &* rowStride &+ v &* g.dilationX)
        index &+= 1
      }
    }
  }

  /// Sixteen inputs of neighbouring outputs; the plane has room for reading past a line.
  @inline(__always)
  private func load(_ source: UnsafePointer<Float>) -> LaneBlock {
    if g.strideX == 1 { return LaneBlock.load(source) }
    var block = LaneBlock.zero
    for lane in 0..<16 { block[lane] = source[lane &* g.strideX] }
    return block
  }

  @inline(__always)
  private func add(
    _ weight: Float, _ line: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>
  ) {
    var q = 0
    if g.strideX == 1 {
      let factor = LaneBlock(repeating: weight)
      while q &+ 16 <= g.outWidth {
        LaneBlock.load(target + q).addingProduct(factor, LaneBlock.load(line + q))
          .store(target + q)
        q &+= 16
      }
    }
    while q < g.outWidth {
      target[q &* g.strideX] = target[q &* g.strideX].addingProduct(weight, line[q])
      q &+= 1
    }
  }
}
