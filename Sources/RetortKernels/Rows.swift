import RetortTensor

/// Picks slices by number: `y[o, k, :] = x[o, indices[k], :]`.
///
/// Shapes: `x: [outer, extent, inner]`, `indices: [count]`, `y: [outer, count, inner]`; elements of
/// any type. Indices outside the axis read its nearest slice.
package struct GatherRows: Sendable, Hashable {
  package let outer: Int
  package let extent: Int
  package let count: Int
  package let sliceByteCount: Int

  package init(outer: Int, extent: Int, count: Int, sliceByteCount: Int) {
    precondition(extent > 0 || count == 0, "slices of an empty axis")
    self.outer = outer
    self.extent = extent
    self.count = count
    self.sliceByteCount = sliceByteCount
  }

  /// Slices of a tile.
  private var slicesPerTile: Int { max(1, 65536 / max(8, sliceByteCount)) }
  package var tileCount: Int {
    sliceByteCount == 0 ? 0 : (outer * count + slicesPerTile - 1) / slicesPerTile
  }

  package func run<I: FixedWidthInteger>(
    tile: Int, x: UnsafeRawPointer, indices: UnsafePointer<I>, y: UnsafeMutableRawPointer
  ) {
    var slice = tile * slicesPerTile
    let last = min(slice + slicesPerTile, outer * count)
    while slice < last {
      let (row, first) = slice.quotientAndRemainder(dividingBy: count)
      let length = min(last - slice, count - first)
      let from = x + row * extent * sliceByteCount
      let to = y + slice * sliceByteCount
      // Single elements, such as pixels of a plane, are not worth a call each.
      switch sliceByteCount {
      case 4: pick(from, indices + first, to, length, as: UInt32.self)
      case 8: pick(from, indices + first, to, length, as: UInt64.self)
      case 12: pick(from, indices + first, to, length, as: (UInt32, UInt32, UInt32).self)
      default:
        for k in 0..<length {
          (to + k * sliceByteCount).copyMemory(
            from: from + position(indices[first + k]) * sliceByteCount, byteCount: sliceByteCount)
        }
      }
      slice += length
    }
  }

  @inline(__always)
  private func position<I: FixedWidthInteger>(_ index: I) -> Int {
    max(0, min(extent &- 1, Int(truncatingIfNeeded: index)))
  }

  @inline(__always)
  private func pick<I: FixedWidthInteger, E: BitwiseCopyable>(
    _ x: UnsafeRawPointer, _ indices: UnsafePointer<I>, _ y: UnsafeMutableRawPointer, _ length: Int,
    as _: E.Type
  ) {
    let from = x.assumingMemoryBound(to: E.self), to = y.assumingMemoryBound(to: E.self)
    for k in 0..<length { to[k] = from[position(indices[k])] }
  }
}

/// The adjoint of `GatherRows` for f32: `y[o, indices[k], :] += x[o, k, :]` from zero, in the order
/// of `k`.
///
/// Shapes: `x: [outer, count, inner]`, `indices: [count]`, `y: [outer, extent, inner]`. A tile is
/// some of the outer rows or a block of columns of one, so that the order of sums is the same for
/// every number of threads.
package struct ScatterAddRows: Sendable, Hashable {
  package let outer: Int
  package let extent: Int
  package let count: Int
  package let inner: Int

  package init(outer: Int, extent: Int, count: Int, inner: Int) {
    precondition(extent > 0 || count == 0, "slices of an empty axis")
    self.outer = outer
    self.extent = extent
    self.count = count
    self.inner = inner
  }

  private static let columnsPerTile = 256
  private var columnBlocks: Int { (inner + Self.columnsPerTile - 1) / Self.columnsPerTile }
  private var rowsPerTile: Int {
    max(1, 32768 / max(1, (count + extent) * min(inner, Self.columnsPerTile)))
  }
  package var tileCount: Int { columnBlocks * ((outer + rowsPerTile - 1) / rowsPerTile) }

  package func run<I: FixedWidthInteger>(
    tile: Int, x: UnsafePointer<Float>, indices: UnsafePointer<I>, y: UnsafeMutablePointer<Float>
  ) {
    let (block, column) = tile.quotientAndRemainder(dividingBy: columnBlocks)
    let first = column * Self.columnsPerTile
    let length = min(Self.columnsPerTile, inner - first)
    for row in block * rowsPerTile..<min((block + 1) * rowsPerTile, outer) {
      let to = y + row * extent * inner + first
      for slice in 0..<extent { (to + slice * inner).update(repeating: 0, count: length) }
      let from = x + row * count * inner + first
      if length == 1 {
        for k in 0..<count { to[position(indices[k]) &* inner] += from[k &* inner] }
      } else {
        for k in 0..<count { add(from + k &* inner, to + position(indices[k]) &* inner, length) }
      }
    }
  }

  @inline(__always)
  private func position<I: FixedWidthInteger>(_ index: I) -> Int {
    max(0, min(extent &- 1, Int(truncatingIfNeeded: index)))
  }

  @inline(__always)
  private func add(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    var i = 0
    while i &+ 16 <= count {
      (LaneBlock.load(y + i) + LaneBlock.load(x + i)).store(y + i)
      i &+= 16
    }
    while i < count {
      y[i] += x[i]
      i &+= 1
    }
  }
}

/// The `count` largest of each row, largest first, and where they stand: of equal ones the first
/// first, NaN larger than every number.
///
/// Shapes: `x: [rows, extent]`, `values: [rows, count]`, `indices: i32[rows, count]`.
package struct LargestOfRows: Sendable, Hashable {
  package let rows: Int
  package let extent: Int
  package let count: Int

  package init(rows: Int, extent: Int, count: Int) {
    precondition(count <= extent || rows == 0, "more than there are")
    self.rows = rows
    self.extent = extent
    self.count = count
  }

  private var rowsPerTile: Int { max(1, 16384 / max(1, extent)) }
  package var tileCount: Int { (rows + rowsPerTile - 1) / rowsPerTile }

  package func run(
    tile: Int, x: UnsafePointer<Float>, values: UnsafeMutablePointer<Float>,
    indices: UnsafeMutablePointer<Int32>
  ) {
    for row in tile * rowsPerTile..<min((tile + 1) * rowsPerTile, rows) {
      let line = x + row * extent
      let (best, places) = (values + row * count, indices + row * count)
      var kept = 0
      for place in 0..<extent {
        let value = line[place]
        if kept == count && !Self.isLarger(value, best[count - 1]) { continue }
        // Moved up until the one before is at least as large.
        var slot = min(kept, count - 1)
        while slot > 0 && Self.isLarger(value, best[slot - 1]) {
          best[slot] = best[slot - 1]
          places[slot] = places[slot - 1]
          slot -= 1
        }
        best[slot] = value
        places[slot] = Int32(place)
        kept = min(kept + 1, count)
      }
    }
  }

  @inline(__always)
  private static func isLarger(_ a: Float, _ b: Float) -> Bool { a > b || a.isNaN && !b.isNaN }
}

/// 1 at each index, 0 elsewhere: `y[k, c] = (indices[k] = c)`, f32.
package struct OneHotRows: Sendable, Hashable {
  package let rows: Int
  package let classes: Int

  package init(rows: Int, classes: Int) {
    self.rows = rows
    self.classes = classes
  }

  private var rowsPerTile: Int { max(1, 65536 / max(1, classes)) }
  package var tileCount: Int { (rows + rowsPerTile - 1) / rowsPerTile }

  package func run<I: FixedWidthInteger>(
    tile: Int, indices: UnsafePointer<I>, y: UnsafeMutablePointer<Float>
  ) {
    let range = tile * rowsPerTile..<min((tile + 1) * rowsPerTile, rows)
    (y + range.lowerBound * classes).update(repeating: 0, count: range.count * classes)
    for row in range {
      let index = Int(truncatingIfNeeded: indices[row])
      if index >= 0 && index < classes { y[row * classes + index] = 1 }
    }
  }
}
