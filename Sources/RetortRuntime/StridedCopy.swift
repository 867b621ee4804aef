import RetortTensor

/// Copies elements between two tensors that are walked with strides of their own: transposes,
/// slices, reversals, pads and concatenations.
///
/// Axes that advance alike in both are merged first, so that what is contiguous in both is copied
/// in whole runs.
struct StridedCopy: Kernel {
  private static let elementsPerTile = 16_384

  /// Outermost first; at least one.
  private var extents: [Int] = []
  private var sourceStrides: [Int] = []
  private var targetStrides: [Int] = []
  private let source: UnsafeRawPointer
  private let target: UnsafeMutableRawPointer
  private let byteCount: Int
  private let rowCount: Int
  private let rowsPerTile: Int

  /// - Parameters:
  ///   - shape: what is walked; strides are in elements, from the given first elements on.
  init(
    _ shape: Shape, byteCount: Int, from source: UnsafeRawPointer, _ sourceStrides: [Int],
    first: Int = 0, to target: UnsafeMutableRawPointer, _ targetStrides: [Int],
    targetFirst: Int = 0
  ) {
    self.byteCount = byteCount
    self.source = source + first * byteCount
    self.target = target + targetFirst * byteCount
    for axis in shape.extents.indices where shape[axis] != 1 {
      let (extent, from, to) = (shape[axis], sourceStrides[axis], targetStrides[axis])
      if let last = extents.indices.last, self.sourceStrides[last] == from * extent,
        self.targetStrides[last] == to * extent
      {
        extents[last] *= extent
        self.sourceStrides[last] = from
        self.targetStrides[last] = to
      } else {
        extents.append(extent)
        self.sourceStrides.append(from)
        self.targetStrides.append(to)
      }
    }
    if extents.isEmpty {
      extents = [1]
      self.sourceStrides = [1]
      self.targetStrides = [1]
    }
    let inner = extents[extents.count - 1]
    rowCount = shape.elementCount == 0 ? 0 : shape.elementCount / inner
    rowsPerTile = max(1, Self.elementsPerTile / max(1, inner))
  }

  var tileCount: Int { (rowCount + rowsPerTile - 1) / rowsPerTile }

  func run(tile: Int, scratch: UnsafeMutableRawPointer) {
    let rows = tile * rowsPerTile..<min((tile + 1) * rowsPerTile, rowCount)
    switch byteCount {
    case 1: copy(UInt8.self, rows)
    case 2: copy(UInt16.self, rows)
    case 4: copy(UInt32.self, rows)
    default: copy(UInt64.self, rows)
    }
  }

  @inline(__always)
  private func copy<W>(_: W.Type, _ rows: Range<Int>) {
    let inner = extents.count - 1
    let count = extents[inner]
    let (fromStep, toStep) = (sourceStrides[inner], targetStrides[inner])
    let from = source.assumingMemoryBound(to: W.self)
    let to = target.assumingMemoryBound(to: W.self)
    for row in rows {
      let (read, write) = offsets(row)
      if fromStep == 1, toStep == 1 {
        (to + write).update(from: from + read, count: count)
      } else {
        for i in 0..<count { to[write &+ i &* toStep] = from[read &+ i &* fromStep] }
      }
    }
  }

  @inline(__always)
  private func offsets(_ row: Int) -> (Int, Int) {
    var rest = row
    var (read, write) = (0, 0)
    var axis = extents.count - 2
    while axis >= 0 {
      let place = rest % extents[axis]
      read += place * sourceStrides[axis]
      write += place * targetStrides[axis]
      rest /= extents[axis]
      axis -= 1
    }
    return (read, write)
  }
}

/// Writes one element everywhere.
struct FillKernel: Kernel {
  private static let bytesPerTile = 1 << 18

  private let target: UnsafeMutableRawPointer
  private let byteCount: Int
  private let elementByteCount: Int
  private let pattern: UInt64

  init(_ value: Double, _ view: TensorView) {
    target = view.base
    byteCount = view.type.byteCount
    elementByteCount = view.type.element.byteCount
    pattern = withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 1) { word in
      word[0] = 0
      TensorView(TensorType(view.type.element, []), word.baseAddress!).store(value, at: 0)
      return word[0]
    }
  }

  var tileCount: Int { (byteCount + Self.bytesPerTile - 1) / Self.bytesPerTile }

  func run(tile: Int, scratch: UnsafeMutableRawPointer) {
    let start = target + tile * Self.bytesPerTile
    let count = min(Self.bytesPerTile, byteCount - tile * Self.bytesPerTile)
    switch elementByteCount {
    case 1: fill(start, UInt8(truncatingIfNeeded: pattern), count)
    case 2: fill(start, UInt16(truncatingIfNeeded: pattern), count / 2)
    case 4: fill(start, UInt32(truncatingIfNeeded: pattern), count / 4)
    default: fill(start, pattern, count / 8)
    }
  }

  private func fill<W>(_ start: UnsafeMutableRawPointer, _ word: W, _ count: Int) {
    start.assumingMemoryBound(to: W.self).update(repeating: word, count: count)
  }
}
