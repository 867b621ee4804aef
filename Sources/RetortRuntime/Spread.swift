import RetortTensor

/// Reads a small tensor as if it were broadcast, run by run.
///
/// Neighbouring axes that advance alike are merged, so that `[1, c, 1, 1]` over `[n, c, h, w]` is
/// `n · c` runs of `h · w` equal elements.
struct Spread {
  /// Outermost first; strides are in elements of the small tensor, 0 where it repeats.
  private(set) var extents: [Int] = []
  private(set) var strides: [Int] = []
  let byteCount: Int

  init(_ shape: Shape, to target: Shape, byteCount: Int) {
    self.byteCount = byteCount
    for (extent, stride) in zip(target.extents, shape.broadcastStrides(to: target))
    where extent != 1 {
      if let last = extents.last, strides.last! == stride * extent {
        extents[extents.count - 1] = last * extent
        strides[strides.count - 1] = stride
      } else {
        extents.append(extent)
        strides.append(stride)
      }
    }
    if extents.isEmpty {
      extents = [1]
      strides = [0]
    }
  }

  /// The elements after which the same ones come again: those of the innermost axis, if nothing
  /// but repetition stands before it.
  var period: Int? {
    strides.dropLast().allSatisfy { $0 == 0 } && strides.last == 1 ? extents.last : nil
  }

  /// Writes elements `start ..< start + count` of the broadcast tensor.
  func fill(
    _ target: UnsafeMutableRawPointer, from source: UnsafeRawPointer, start: Int, count: Int
  ) {
    if byteCount == 4 {
      fill(
        target.assumingMemoryBound(to: UInt32.self), source.assumingMemoryBound(to: UInt32.self),
        start, count)
    } else {
      fill(
        target.assumingMemoryBound(to: UInt8.self), source.assumingMemoryBound(to: UInt8.self),
        start, count)
    }
  }

  @inline(__always)
  private func fill<W: FixedWidthInteger>(
    _ target: UnsafeMutablePointer<W>, _ source: UnsafePointer<W>, _ start: Int, _ count: Int
  ) {
    let run = extents[extents.count - 1]
    let step = strides[strides.count - 1]
    var done = 0
    var row = start / run
    var position = start % run
    while done < count {
      let length = min(run - position, count - done)
      let from = source + offset(ofRow: row) + position * step
      let to = target + done
      switch step {
      case 0: to.update(repeating: from.pointee, count: length)
      case 1: to.update(from: from, count: length)
      default: for i in 0..<length { to[i] = from[i &* step] }
      }
      done += length
      row += 1
      position = 0
    }
  }

  /// The source's offset at the start of a row of the innermost axis.
  @inline(__always)
  private func offset(ofRow row: Int) -> Int {
    var rest = row
    var offset = 0
    var axis = extents.count - 2
    while axis >= 0 {
      offset += rest % extents[axis] * strides[axis]
      rest /= extents[axis]
      axis -= 1
    }
    return offset
  }
}
