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

  /// Rows of the innermost axis; along the axis around it offsets advance by its stride, so that
  /// divisions are needed once for each of its turns only.
  @inline(__always)
  private func fill<W: FixedWidthInteger & SIMDScalar>(
    _ target: UnsafeMutablePointer<W>, _ source: UnsafePointer<W>, _ start: Int, _ count: Int
  ) {
    let inner = extents.count - 1
    let (run, step) = (extents[inner], strides[inner])
    let (turns, turn) = inner > 0 ? (extents[inner - 1], strides[inner - 1]) : (Int.max, 0)
    let (row, first) = start.quotientAndRemainder(dividingBy: run)
    var position = first
    var (outer, place) = row.quotientAndRemainder(dividingBy: turns)
    var line = source + offset(ofTurn: outer) + place * turn
    var to = target
    let end = target + count
    while to < end {
      let length = min(run - position, end - to)
      let from = line + position * step
      switch step {
      case 0:
        let all = SIMD16(repeating: from[0])
        Self.fill(to, length) { _ in
          all
        } one: { _ in
          all[0]
        }
      case 1 where run == 16 && turn == 0 && position == 0 && end - to >= 16:
        // Sixteen channels of a pixel stay in a register.
        let channels = UnsafeRawPointer(from).loadUnaligned(as: SIMD16<W>.self)
        let rows = min(turns - place, (end - to) / 16)
        Self.fill(to, 16 * rows) { _ in
          channels
        } one: { _ in
          channels[0]
        }
        to += 16 * (rows - 1)
        place += rows - 1
      case 1: Self.copy(from, to, length)
      default: for i in 0..<length { to[i] = from[i &* step] }
      }
      to += length
      position = 0
      place += 1
      line += turn
      if place == turns {
        place = 0
        outer += 1
        line = source + offset(ofTurn: outer)
      }
    }
  }

  @inline(__always)
  private static func copy<W: FixedWidthInteger & SIMDScalar>(
    _ source: UnsafePointer<W>, _ target: UnsafeMutablePointer<W>, _ count: Int
  ) {
    fill(target, count) {
      UnsafeRawPointer(source + $0).loadUnaligned(as: SIMD16<W>.self)
    } one: {
      source[$0]
    }
  }

  /// Short runs are common (the channels of a pixel), and a call for each would show.
  @inline(__always)
  private static func fill<W: FixedWidthInteger & SIMDScalar>(
    _ target: UnsafeMutablePointer<W>, _ count: Int, _ block: (Int) -> SIMD16<W>,
    one: (Int) -> W
  ) {
    var i = 0
    while i &+ 16 <= count {
      UnsafeMutableRawPointer(target + i).storeBytes(of: block(i), as: SIMD16<W>.self)
      i &+= 16
    }
    while i < count {
      target[i] = one(i)
      i &+= 1
    }
  }

  /// The source's offset at the start of a turn of the axis around the innermost one; 0 past the
  /// last.
  @inline(__always)
  private func offset(ofTurn turn: Int) -> Int {
    var rest = turn
    var offset = 0
    var axis = extents.count - 3
    while axis >= 0 {
      offset += rest % extents[axis] * strides[axis]
      rest /= extents[axis]
      axis -= 1
    }
    return offset
  }
}
