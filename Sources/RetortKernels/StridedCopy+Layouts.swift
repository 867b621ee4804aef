import RetortTensor

extension StridedCopy {
  /// `y[i_{p(0)}, i_{p(1)}, …] = x[i₀, i₁, …]`: axis `k` of the result is axis
  /// `permutation[k]` of `x`.
  package static func transpose(
    _ shape: Shape, permutation: [Int], elementByteCount: Int
  ) -> StridedCopy {
    let strides = shape.strides
    let result = Shape(permutation.map { shape[$0] })
    return StridedCopy(
      extents: result.extents, sourceStrides: permutation.map { strides[$0] },
      targetStrides: result.strides, elementByteCount: elementByteCount)
  }

  /// `x` repeated along missing axes and axes of extent 1 until it has the shape `target`.
  package static func broadcast(
    _ shape: Shape, to target: Shape, elementByteCount: Int
  ) -> StridedCopy {
    StridedCopy(
      extents: target.extents, sourceStrides: shape.broadcastStrides(to: target),
      targetStrides: target.strides, elementByteCount: elementByteCount)
  }

  /// `y[i₀, …] = x[starts[0] + i₀ · steps[0], …]`, `extents` elements along each axis. Negative
  /// steps run backwards.
  package static func slice(
    _ shape: Shape, starts: [Int], extents: [Int], steps: [Int], elementByteCount: Int
  ) -> StridedCopy {
    let strides = shape.strides
    return StridedCopy(
      extents: extents, sourceStrides: zip(strides, steps).map { $0 * $1 },
      sourceOffset: zip(strides, starts).reduce(0) { $0 + $1.0 * $1.1 },
      targetStrides: Shape(extents).strides, elementByteCount: elementByteCount)
  }

  /// `x` with the order of elements along `axes` turned round.
  package static func reverse(
    _ shape: Shape, axes: [Int], elementByteCount: Int
  ) -> StridedCopy {
    let starts = (0..<shape.rank).map { axes.contains($0) ? max(0, shape[$0] - 1) : 0 }
    let steps = (0..<shape.rank).map { axes.contains($0) ? -1 : 1 }
    return slice(
      shape, starts: starts, extents: shape.extents, steps: steps,
      elementByteCount: elementByteCount)
  }

  /// Writes `x` into a tensor of shape `target` from `starts` on, every `steps`-th element; the
  /// rest is left alone. Padding is a fill and this; joining tensors is this for each of them.
  package static func insert(
    _ shape: Shape, into target: Shape, starts: [Int], steps: [Int]? = nil, elementByteCount: Int
  ) -> StridedCopy {
    let strides = target.strides
    return StridedCopy(
      extents: shape.extents, sourceStrides: shape.strides,
      targetStrides: steps.map { zip(strides, $0).map { $0 * $1 } } ?? strides,
      targetOffset: zip(strides, starts).reduce(0) { $0 + $1.0 * $1.1 },
      elementByteCount: elementByteCount)
  }
}

/// Writes one element everywhere.
package struct FillKernel: Sendable, Hashable {
  package let elementCount: Int
  package let elementByteCount: Int

  package init(elementCount: Int, elementByteCount: Int) {
    precondition([1, 2, 4, 8].contains(elementByteCount))
    self.elementCount = elementCount
    self.elementByteCount = elementByteCount
  }

  private static let elementsPerTile = 65536
  package var tileCount: Int { (elementCount + Self.elementsPerTile - 1) / Self.elementsPerTile }

  /// `pattern` holds the element in its low bytes.
  package func run(tile: Int, pattern: UInt64, target: UnsafeMutableRawPointer) {
    let first = tile * Self.elementsPerTile
    let count = min(Self.elementsPerTile, elementCount - first)
    let start = target + first * elementByteCount
    switch elementByteCount {
    case 1: fill(start, UInt8(truncatingIfNeeded: pattern), count)
    case 2: fill(start, UInt16(truncatingIfNeeded: pattern), count)
    case 4: fill(start, UInt32(truncatingIfNeeded: pattern), count)
    default: fill(start, pattern, count)
    }
  }

  private func fill<E: BitwiseCopyable>(_ target: UnsafeMutableRawPointer, _ e: E, _ count: Int) {
    target.assumingMemoryBound(to: E.self).update(repeating: e, count: count)
  }
}
