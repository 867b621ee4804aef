/// Copies elements between two layouts: transposition, broadcasting, slicing, padding, reversing
/// and joining are all this, with other strides.
///
/// Element `(i₀, …)` of the extents goes from `sourceOffset + Σ iₖ sourceStrides[k]` to
/// `targetOffset + Σ iₖ targetStrides[k]`, counted in elements of 1, 2, 4 or 8 bytes. Source
/// strides may be 0 or negative; no two elements may share a target.
package struct StridedCopy: Sendable, Hashable {
  package let elementByteCount: Int
  package let sourceOffset: Int
  package let targetOffset: Int
  /// One axis of the loop nest; outermost first.
  struct Axis: Sendable, Hashable {
    var extent: Int
    var source: Int
    var target: Int
  }
  /// All but the inner axis, after joining neighbours.
  private let outer: [Axis]
  /// Copied by one inner loop.
  private let inner: Axis
  /// Where the source runs along another axis than the target, that axis: the two are copied in
  /// small squares, so that both sides use whole cache lines.
  private let crossed: Axis?
  /// How much of the crossed axis is copied at a time.
  private let chunk: Int

  package init(
    extents: [Int], sourceStrides: [Int], sourceOffset: Int = 0, targetStrides: [Int],
    targetOffset: Int = 0, elementByteCount: Int
  ) {
    precondition([1, 2, 4, 8].contains(elementByteCount))
    precondition(extents.count == sourceStrides.count && extents.count == targetStrides.count)
    self.elementByteCount = elementByteCount
    self.sourceOffset = sourceOffset
    self.targetOffset = targetOffset
    var axes: [Axis] = []
    for axis in extents.indices where extents[axis] != 1 {
      let next = Axis(
        extent: extents[axis], source: sourceStrides[axis], target: targetStrides[axis])
      if let last = axes.last, last.source == next.source * next.extent,
        last.target == next.target * next.extent
      {
        axes[axes.count - 1] = Axis(
          extent: last.extent * next.extent, source: next.source, target: next.target)
      } else {
        axes.append(next)
      }
    }
    inner = axes.popLast() ?? Axis(extent: 1, source: 1, target: 1)
    if inner.source != 1 && inner.source != 0, inner.target == 1,
      let position = axes.lastIndex(where: { $0.source == 1 })
    {
      let axis = axes.remove(at: position)
      crossed = axis
      chunk = min(axis.extent, max(16, Self.elementsPerTile / max(1, inner.extent) & ~15))
    } else {
      crossed = nil
      chunk = 1
    }
    outer = axes
  }

  private static let elementsPerTile = 32768

  /// The outer positions of the loop nest.
  private var outerCount: Int { outer.reduce(1) { $0 * $1.extent } }
  private var chunkCount: Int { crossed.map { ($0.extent + chunk - 1) / max(1, chunk) } ?? 1 }
  private var elementsPerUnit: Int { inner.extent * chunk }
  private var unitsPerTile: Int { max(1, Self.elementsPerTile / max(1, elementsPerUnit)) }

  package var tileCount: Int {
    elementsPerUnit == 0 ? 0 : (outerCount * chunkCount + unitsPerTile - 1) / unitsPerTile
  }

  package func run(tile: Int, source: UnsafeRawPointer, target: UnsafeMutableRawPointer) {
    switch elementByteCount {
    case 1: copy(tile, source, target, as: UInt8.self)
    case 2: copy(tile, source, target, as: UInt16.self)
    case 4: copy(tile, source, target, as: UInt32.self)
    default: copy(tile, source, target, as: UInt64.self)
    }
  }

  @inline(__always)
  private func copy<E: FixedWidthInteger & SIMDScalar>(
    _ tile: Int, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, as _: E.Type
  ) {
    let from = source.assumingMemoryBound(to: E.self) + sourceOffset
    let to = target.assumingMemoryBound(to: E.self) + targetOffset
    var unit = tile * unitsPerTile
    let last = min(unit + unitsPerTile, outerCount * chunkCount)
    while unit < last {
      if let crossed {
        let (position, number) = unit.quotientAndRemainder(dividingBy: chunkCount)
        let (read, write) = offsets(position)
        let first = number * chunk
        let square = StridedSquare(
          inner: inner, crossed: crossed, count: min(chunk, crossed.extent - first))
        square.copy(from + read + first, to + write + first * crossed.target)
        unit += 1
      } else {
        // Along the last outer axis without asking where the others stand.
        let axis = outer.last ?? Axis(extent: 1, source: 0, target: 0)
        let count = min(last - unit, axis.extent - unit % axis.extent)
        let (read, write) = offsets(unit)
        lines(from + read, to + write, axis, count)
        unit += count
      }
    }
  }

  @inline(__always)
  private func offsets(_ position: Int) -> (read: Int, write: Int) {
    var rest = position
    var (read, write) = (0, 0)
    for axis in outer.reversed() {
      let place = rest % axis.extent
      read += place * axis.source
      write += place * axis.target
      rest /= axis.extent
    }
    return (read, write)
  }

  /// Several lines of the inner axis.
  @inline(__always)
  private func lines<E: FixedWidthInteger & SIMDScalar>(
    _ from: UnsafePointer<E>, _ to: UnsafeMutablePointer<E>, _ axis: Axis, _ count: Int
  ) {
    switch (inner.extent, inner.source, inner.target) {
    case (1, _, _): StridedSquare.few(from, to, axis, count, Few<1>(inner))
    case (2, _, _): StridedSquare.few(from, to, axis, count, Few<2>(inner))
    case (3, _, _): StridedSquare.few(from, to, axis, count, Few<3>(inner))
    case (4, _, _): StridedSquare.few(from, to, axis, count, Few<4>(inner))
    default:
      for i in 0..<count { line(from + i &* axis.source, to + i &* axis.target) }
    }
  }

  @inline(__always)
  private func line<E: FixedWidthInteger & SIMDScalar>(
    _ from: UnsafePointer<E>, _ to: UnsafeMutablePointer<E>
  ) {
    if inner.target == 1 && inner.source == 1 {
      to.update(from: from, count: inner.extent)
    } else if inner.target == 1 && inner.source == 0 {
      to.update(repeating: from[0], count: inner.extent)
    } else if inner.target == 1 && inner.source == -1 {
      for i in 0..<inner.extent { to[i] = from[0 &- i] }
    } else {
      for i in 0..<inner.extent { to[i &* inner.target] = from[i &* inner.source] }
    }
  }
}
