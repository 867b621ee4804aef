import RetortTensor

/// The patches of one image and group as a matrix `[patch, outPlane]`: row `(c, u, v)` holds what
/// tap `(u, v)` of channel `c` reads for each output position. Never stored as a whole by the
/// kernels that pack it slice by slice.
struct Patches {
  let geometry: ConvolutionGeometry
  /// The group's first channel of the image.
  let image: UnsafePointer<Float>

  /// Writes `count` elements of each of `rows`, from output position `first` on: element `i` of row
  /// `rows.lowerBound + r` at `target[r · rowStep + i · step]`.
  @inline(__always)
  func copy(
    rows: Range<Int>, first: Int, count: Int, into target: UnsafeMutablePointer<Float>,
    rowStep: Int, step: Int
  ) {
    let g = geometry
    let outWidth = g.outWidth
    let (firstLine, firstColumn) = first.quotientAndRemainder(dividingBy: outWidth)
    // Channel, vertical and horizontal tap count along, because divisions per row would show.
    var channel = rows.lowerBound / g.taps
    var u = rows.lowerBound % g.taps / g.kernelWidth
    var v = rows.lowerBound % g.kernelWidth
    for r in 0..<rows.count {
      let source = image + channel &* g.plane
      let offsetY = u &* g.dilationY &- g.top
      let offsetX = v &* g.dilationX &- g.left
      var p = firstLine
      var q = firstColumn
      var to = target + r &* rowStep
      var rest = count
      while rest > 0 {
        let length = min(rest, outWidth &- q)
        let y = p &* g.strideY &+ offsetY
        if y >= 0 && y < g.height {
          copyLine(source + y &* g.width, q &* g.strideX &+ offsetX, length, to, step)
        } else {
          for i in 0..<length { to[i &* step] = 0 }
        }
        to += length &* step
        rest &-= length
        q = 0
        p &+= 1
      }
      v &+= 1
      if v == g.kernelWidth {
        v = 0
        u &+= 1
        if u == g.kernelHeight {
          u = 0
          channel &+= 1
        }
      }
    }
  }

  /// One output line: elements `x, x + strideX, …` of an image line, zeros outside of it.
  @inline(__always)
  private func copyLine(
    _ line: UnsafePointer<Float>, _ x: Int, _ length: Int,
    _ target: UnsafeMutablePointer<Float>, _ step: Int
  ) {
    let stride = geometry.strideX
    let width = geometry.width
    if stride == 1 && step == 1 && length == 16 && x >= 0 && x &+ 16 <= width {
      LaneBlock.load(line + x).store(target)
      return
    }
    // The positions i with 0 ≤ x + i · stride < width.
    let begin = x >= 0 ? 0 : min(length, (-x + stride - 1) / stride)
    let end = x >= width ? 0 : min(length, (width - x + stride - 1) / stride)
    for i in 0..<min(begin, length) { target[i &* step] = 0 }
    if begin < end {
      if stride == 1 && step == 1 {
        (target + begin).update(from: line + (x + begin), count: end - begin)
      } else {
        for i in begin..<end { target[i &* step] = line[x &+ i &* stride] }
      }
    }
    if max(begin, end) < length {
      for i in max(begin, end)..<length { target[i &* step] = 0 }
    }
  }

  /// Writes rows `rows` of the matrix, densely.
  func copyRows(_ rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    let count = geometry.outPlane
    copy(rows: rows, first: 0, count: count, into: target, rowStep: count, step: 1)
  }

  /// The adjoint of `copyRows` for all rows: adds each element of `columns` to the image element
  /// that it was read from, row after row.
  static func addBack(
    _ g: ConvolutionGeometry, columns: UnsafePointer<Float>, image: UnsafeMutablePointer<Float>
  ) {
    image.update(repeating: 0, count: g.groupChannels * g.plane)
    for row in 0..<g.patch {
      let tap = row % g.taps
      let offsetY = tap / g.kernelWidth * g.dilationY - g.top
      let offsetX = tap % g.kernelWidth * g.dilationX - g.left
      let target = image + row / g.taps * g.plane
      let source = columns + row * g.outPlane
      let begin = offsetX >= 0 ? 0 : min(g.outWidth, (-offsetX + g.strideX - 1) / g.strideX)
      let room = g.width - offsetX
      let end = room <= 0 ? 0 : min(g.outWidth, (room + g.strideX - 1) / g.strideX)
      guard begin < end else { continue }
      for p in 0..<g.outHeight {
        let y = p * g.strideY + offsetY
        guard y >= 0, y < g.height else { continue }
        let from = source + p * g.outWidth
        let to = target + y * g.width
        for q in begin..<end { to[offsetX &+ q &* g.strideX] += from[q] }
      }
    }
  }
}

/// Patches as the right operand: lines are the output positions of one image after another, depth
/// is the patch.
struct PatchPanels: ProductPanels {
  /// Of the first image.
  let patches: Patches
  let imageStride: Int

  @inline(__always)
  func pack(
    first: Int, count: Int, width: Int, depth: Range<Int>, into target: UnsafeMutablePointer<Float>
  ) {
    let outPlane = patches.geometry.outPlane
    var (image, position) = first.quotientAndRemainder(dividingBy: outPlane)
    var done = 0
    while done < count {
      let length = min(count - done, outPlane - position)
      Patches(geometry: patches.geometry, image: patches.image + image * imageStride).copy(
        rows: depth, first: position, count: length, into: target + done, rowStep: width, step: 1)
      done += length
      position = 0
      image += 1
    }
    zeroPadding(from: count, width: width, depthCount: depth.count, target)
  }
}

/// Patches as the right operand of a kernel gradient: lines are rows of the patch, depth is the
/// output position.
struct TransposedPatchPanels: ProductPanels {
  let patches: Patches

  @inline(__always)
  func pack(
    first: Int, count: Int, width: Int, depth: Range<Int>, into target: UnsafeMutablePointer<Float>
  ) {
    patches.copy(
      rows: first..<first + count, first: depth.lowerBound, count: depth.count, into: target,
      rowStep: 1, step: width)
    zeroPadding(from: count, width: width, depthCount: depth.count, target)
  }
}

/// The weights of one group as the left operand of an input gradient at stride 1: lines are input
/// channels, depth is (filter, tap) with the taps mirrored.
struct MirroredWeightPanels: ProductPanels {
  let weights: UnsafePointer<Float>
  let groupChannels: Int
  let taps: Int

  func pack(
    first: Int, count: Int, width: Int, depth: Range<Int>, into target: UnsafeMutablePointer<Float>
  ) {
    var (filter, tap) = depth.lowerBound.quotientAndRemainder(dividingBy: taps)
    for k in 0..<depth.count {
      let source = weights + ((filter &* groupChannels &+ first) &* taps &+ (taps &- 1 &- tap))
      let to = target + k &* width
      if count == 6 && width == 6 {
        for line in 0..<6 { to[line] = source[line &* taps] }
      } else {
        for line in 0..<count { to[line] = source[line &* taps] }
        for line in count..<width { to[line] = 0 }
      }
      tap &+= 1
      if tap == taps {
        tap = 0
        filter &+= 1
      }
    }
  }
}
