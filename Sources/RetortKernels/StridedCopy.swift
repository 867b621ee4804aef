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
  /// square blocks, so that both sides use whole cache lines.
  private let crossed: Axis?

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
    if inner.source != 1 && inner.source != 0, inner.extent >= 8,
      let position = axes.lastIndex(where: { $0.source == 1 && $0.extent >= 8 })
    {
      crossed = axes.remove(at: position)
    } else {
      crossed = nil
    }
    outer = axes
  }

  /// The outer positions of the loop nest.
  private var unitCount: Int { outer.reduce(1) { $0 * $1.extent } }
  private var elementsPerUnit: Int { inner.extent * (crossed?.extent ?? 1) }
  private var unitsPerTile: Int { max(1, 65536 / max(1, elementsPerUnit)) }

  package var tileCount: Int {
    elementsPerUnit == 0 ? 0 : (unitCount + unitsPerTile - 1) / unitsPerTile
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
  private func copy<E: BitwiseCopyable>(
    _ tile: Int, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, as _: E.Type
  ) {
    let first = tile * unitsPerTile
    let last = min(first + unitsPerTile, unitCount)
    var from = source.assumingMemoryBound(to: E.self) + sourceOffset
    var to = target.assumingMemoryBound(to: E.self) + targetOffset
    withUnsafeTemporaryAllocation(of: Int.self, capacity: outer.count + 1) { position in
      var rest = first
      for axis in outer.indices.reversed() {
        position[axis] = rest % outer[axis].extent
        rest /= outer[axis].extent
        from += position[axis] * outer[axis].source
        to += position[axis] * outer[axis].target
      }
      for _ in first..<last {
        if let crossed { block(from, to, crossed) } else { line(from, to) }
        // The next position, like an odometer.
        var axis = outer.count - 1
        while axis >= 0 {
          from += outer[axis].source
          to += outer[axis].target
          position[axis] += 1
          if position[axis] < outer[axis].extent { break }
          from -= outer[axis].source * outer[axis].extent
          to -= outer[axis].target * outer[axis].extent
          position[axis] = 0
          axis -= 1
        }
      }
    }
  }

  @inline(__always)
  private func line<E: BitwiseCopyable>(
    _ from: UnsafePointer<E>, _ to: UnsafeMutablePointer<E>
  ) {
    if inner.target == 1 && inner.source == 1 {
      to.update(from: from, count: inner.extent)
    } else if inner.target == 1 && inner.source == 0 {
      to.update(repeating: from[0], count: inner.extent)
    } else {
      for i in 0..<inner.extent { to[i &* inner.target] = from[i &* inner.source] }
    }
  }

  @inline(__always)
  private func block<E: BitwiseCopyable>(
    _ from: UnsafePointer<E>, _ to: UnsafeMutablePointer<E>, _ crossed: Axis
  ) {
    for j in stride(from: 0, to: crossed.extent, by: 16) {
      for i in stride(from: 0, to: inner.extent, by: 16) {
        for b in j..<min(j &+ 16, crossed.extent) {
          for a in i..<min(i &+ 16, inner.extent) {
            to[a &* inner.target &+ b &* crossed.target] = from[a &* inner.source &+ b]
          }
        }
      }
    }
  }
}
