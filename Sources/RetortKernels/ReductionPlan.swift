/// A reduction over any axes, as steps that each reduce one run of neighbouring axes, last first.
package struct ReductionPlan: Sendable, Hashable {
  /// Each reads what the one before wrote; the first reads x, the last writes y.
  package let steps: [ReductionKernel]

  /// - Parameter axes: distinct, not negative. Without axes there is one step that copies.
  package init(_ kind: ReductionKind, extents: [Int], axes: [Int]) {
    let chosen = Set(axes)
    precondition(chosen.isSubset(of: extents.indices), "axes outside the tensor")
    let total = chosen.reduce(1) { $0 * extents[$1] }
    // Axes of extent 1 belong to either kind; joining runs across them saves steps.
    var runs: [(extent: Int, isReduced: Bool)] = []
    for (axis, extent) in extents.enumerated() where extent != 1 {
      let isReduced = chosen.contains(axis)
      if runs.last?.isReduced == isReduced {
        runs[runs.count - 1].extent *= extent
      } else {
        runs.append((extent, isReduced))
      }
    }
    var steps: [ReductionKernel] = []
    while let last = runs.lastIndex(where: \.isReduced) {
      let outer = runs[..<last].reduce(1) { $0 * $1.extent }
      let inner = runs[(last + 1)...].reduce(1) { $0 * $1.extent }
      let isFinal = !runs[..<last].contains(where: \.isReduced)
      let final: ReductionKind = kind == .mean && !isFinal ? .sum : kind
      steps += Self.steps(
        final, outer: outer, reduced: runs[last].extent, inner: inner, divisor: total)
      runs.remove(at: last)
    }
    if steps.isEmpty {
      let count = extents.reduce(1, *)
      steps = [ReductionKernel(kind, outer: count, reduced: 1, inner: 1)]
    }
    self.steps = steps
  }

  /// Elements of a part of a long axis: half a second-level cache.
  private static let partElementCount = 32768

  /// One step; two, by parts, where a long axis would give too few tiles. Never a matter of `outer`,
  /// in which the batch may be: an image's sums must not depend on its company.
  private static func steps(
    _ kind: ReductionKind, outer: Int, reduced: Int, inner: Int, divisor: Int
  ) -> [ReductionKernel] {
    let columns = (inner + 63) / 64
    let share = partElementCount / max(1, inner == 1 ? 1 : inner)
    // Whole blocks of a row, whole runs of columns.
    let extent = inner == 1 ? share : max(32, share & ~31)
    guard columns < 16, reduced >= 2 * extent else {
      return [
        ReductionKernel(kind, outer: outer, reduced: reduced, inner: inner, divisor: divisor)
      ]
    }
    let parts = (reduced + extent - 1) / extent
    return [
      ReductionKernel(
        kind == .mean ? .sum : kind, outer: outer, reduced: reduced, inner: inner,
        partExtent: extent),
      ReductionKernel(kind, outer: outer, reduced: parts, inner: inner, divisor: divisor),
    ]
  }
}

/// The position of the first maximum along the middle axis of `[outer, reduced, inner]`; NaN counts
/// as larger than all numbers. `y: i32[outer, inner]`. The axis must not be empty.
package struct ArgMaxKernel: Sendable, Hashable {
  package let outer: Int
  package let reduced: Int
  package let inner: Int

  package init(outer: Int, reduced: Int, inner: Int) {
    self.outer = outer
    self.reduced = reduced
    self.inner = inner
  }

  private var resultsPerTile: Int { max(1, 32768 / max(1, reduced)) }
  package var tileCount: Int { (outer * inner + resultsPerTile - 1) / resultsPerTile }

  package func run(tile: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Int32>) {
    precondition(reduced > 0, "argmax over no elements")
    for index in tile * resultsPerTile..<min((tile + 1) * resultsPerTile, outer * inner) {
      let (row, column) = index.quotientAndRemainder(dividingBy: inner)
      let line = x + row * reduced * inner + column
      var best = line[0]
      var position = 0
      for i in 1..<max(1, reduced) {
        let value = line[i &* inner]
        if value > best || value.isNaN && !best.isNaN {
          best = value
          position = i
        }
      }
      y[index] = Int32(position)
    }
  }
}
