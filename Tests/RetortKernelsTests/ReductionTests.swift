import RetortKernels
import RetortTensor
import Testing

@Suite struct ReductionTests {
  private func run(_ plan: ReductionPlan, _ x: [Float]) -> [Float] {
    var current = x
    for step in plan.steps {
      current = floats(step.outer * step.partCount * step.inner) { y in
        forEachTile(step.tileCount) { tile, _ in step.run(tile: tile, x: current, y: y) }
      }
    }
    return current
  }

  private func naive(
    _ kind: ReductionKind, _ extents: [Int], _ axes: [Int], _ x: [Float]
  ) -> [Double] {
    let kept = extents.indices.filter { !axes.contains($0) }
    let count = kept.reduce(1) { $0 * extents[$1] }
    var groups = [[Double]](repeating: [], count: count)
    for index in x.indices {
      var rest = index, position = [Int](repeating: 0, count: extents.count)
      for axis in extents.indices.reversed() {
        position[axis] = rest % extents[axis]
        rest /= extents[axis]
      }
      groups[kept.reduce(0) { $0 * extents[$1] + position[$1] }].append(Double(x[index]))
    }
    return groups.map { group in
      switch kind {
      case .sum: group.reduce(0, +)
      case .mean: group.reduce(0, +) / Double(group.count)
      case .maximum: group.max()!
      case .minimum: group.min()!
      }
    }
  }

  @Test(arguments: ReductionKind.allCases)
  func equalsTheDefinitionOverAnyAxes(_ kind: ReductionKind) {
    var numbers = Numbers(seed: 8)
    let cases: [([Int], [Int])] = [
      ([7], [0]), ([3, 5], [0]), ([3, 5], [1]), ([2, 3, 4, 5], [0, 2]), ([2, 3, 4, 5], [0, 2, 3]),
      ([2, 1, 67], [0, 1]), ([4, 70], []), ([1, 1], [0, 1]), ([3, 2000], [1]), ([300, 3], [0]),
      ([40, 3, 9], [1]), ([2, 3, 2, 3, 2], [0, 2, 4]),
      ([7, 30, 31, 16], [0, 1, 2]), ([3, 40, 41, 20], [0, 1, 2]), ([9, 6, 7, 130], [1, 2]),
      ([70_001], [0]), ([2, 80_000], [1]), ([9001, 8], [0]),
    ]
    for (extents, axes) in cases {
      let x = numbers.floats(extents.reduce(1, *))
      let y = run(ReductionPlan(kind, extents: extents, axes: axes), x)
      #expect(worst(y, naive(kind, extents, axes, x)) < 1e-5, "\(extents) over \(axes)")
    }
  }

  @Test func longSumsKeepTheirErrorBound() {
    let x = (0..<100_000).map { Float($0 % 7) * 0.1 + 0.1 }
    let exact = x.reduce(0.0) { $0 + Double($1) }
    let rows = run(ReductionPlan(.sum, extents: [1, 100_000], axes: [1]), x)
    #expect(abs(Double(rows[0]) - exact) <= 24 * 0x1p-24 * exact)
    let columns = run(ReductionPlan(.sum, extents: [50_000, 2], axes: [0]), x)
    let odd = stride(from: 1, to: x.count, by: 2).reduce(0.0) { $0 + Double(x[$1]) }
    #expect(abs(Double(columns[1]) - odd) <= (33 + 50_000 / 32) * 0x1p-24 * odd)
  }

  @Test func extremaPropagateNaN() {
    var x = [Float](repeating: 1, count: 40)
    x[37] = .nan
    #expect(run(ReductionPlan(.maximum, extents: [40], axes: [0]), x)[0].isNaN)
    #expect(run(ReductionPlan(.minimum, extents: [20, 2], axes: [0]), x)[1].isNaN)
    #expect(run(ReductionPlan(.minimum, extents: [20, 2], axes: [0]), x)[0] == 1)
  }

  @Test func emptyReductionsGiveTheIdentity() {
    #expect(run(ReductionPlan(.sum, extents: [2, 0], axes: [1]), []) == [0, 0])
    let largest = run(ReductionPlan(.maximum, extents: [2, 0], axes: [1]), [])
    #expect(largest == [-.infinity, -.infinity])
  }

  @Test func argmaxIsTheFirstMaximumAndNaNIsLargest() {
    let kernel = ArgMaxKernel(outer: 2, reduced: 4, inner: 2)
    let x: [Float] = [1, 5, 3, 5, 3, 2, 0, 9, -1, 0, .nan, 0, .nan, 0, 7, 0]
    var result = Result<Int32>(4, guardedBy: -7)
    let y = result.fill { y in
      forEachTile(kernel.tileCount) { tile, _ in kernel.run(tile: tile, x: x, y: y) }
    }
    #expect(y == [1, 3, 1, 0])
  }

  @Test(arguments: [(1, 1, 1), (5, 10, 1), (3, 37, 1), (2, 5, 3), (2, 4, 33)], [false, true])
  func softmaxEqualsTheDefinition(_ extents: (Int, Int, Int), logarithmic: Bool) {
    let (outer, axis, inner) = extents
    var numbers = Numbers(seed: 12)
    let x = numbers.floats(outer * axis * inner).map { $0 * 20 + 90 }
    let kernel = SoftmaxKernel(
      outer: outer, axisExtent: axis, inner: inner, isLogarithmic: logarithmic)
    let y = floats(x.count) { y in
      // In place.
      y.update(from: x, count: x.count)
      forEachTile(kernel.tileCount) { tile, _ in kernel.run(tile: tile, x: UnsafePointer(y), y: y) }
    }
    var expected = [Double](repeating: 0, count: x.count)
    for row in 0..<outer {
      for column in 0..<inner {
        let line = (0..<axis).map { row * axis * inner + $0 * inner + column }
        let largest = line.map { Double(x[$0]) }.max()!
        let sum = line.reduce(0.0) { $0 + exponential(Double(x[$1]) - largest) }
        for index in line {
          let value = exponential(Double(x[index]) - largest) / sum
          expected[index] = logarithmic ? logarithm(value) : value
        }
      }
    }
    #expect(worst(y, expected) < 2e-6)
  }

  private func exponential(_ x: Double) -> Double { x.exponential() }
  private func logarithm(_ x: Double) -> Double { x.logarithm() }
}
