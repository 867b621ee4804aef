import RetortIR
import RetortTensor

/// Every `step`-th element from `start` up to, not including, `stop`, along some axes; elements of
/// any type.
///
/// - C1: `axes`, `start`, `stop` and `step` are of one length (`step` may be empty: all 1).
/// - C2: every axis is one of `x`.
/// - C3: no axis is named twice.
/// - C4: `0 ≤ start ≤ stop ≤ extent`.
/// - C5: `step ≥ 1`.
package struct Slice: TensorOp {
  package static let name = "slice"
  package static let summary = "a range of elements along some axes"
  package static let operandNames = ["x"]
  package static let attributes: [Attribute<Slice>] = [
    Attribute("axes", \.axes, required: true, "the axes that are cut"),
    Attribute("start", \.start, required: true, "the first index along each"),
    Attribute("stop", \.stop, required: true, "the index behind the last along each"),
    Attribute("step", \.step, "the distance of two indices; none means 1"),
  ]
  package static let samples = [
    Sample(Slice([0], start: [1], stop: [4]), [TensorType([5, 7])]),
    Sample(Slice([1, 0], start: [1, 0], stop: [7, 5], step: [3, 2]), [TensorType([5, 7])]),
    Sample(Slice([-1], start: [2], stop: [2]), [TensorType([3, 4])]),
    Sample(Slice([0], start: [1], stop: [3]), [TensorType(.key, [3, 2])]),
    Sample(Slice([], start: [], stop: []), [TensorType(.bool, [2])]),
  ]
  package var axes: [Int] = []
  package var start: [Int] = []
  package var stop: [Int] = []
  package var step: [Int] = []

  package init() {}

  package init(_ axes: [Int], start: [Int], stop: [Int], step: [Int] = []) {
    self.axes = axes
    self.start = start
    self.stop = stop
    self.step = step
  }

  private func step(at i: Int) -> Int { step.isEmpty ? 1 : step[i] }

  private func count(at i: Int) -> Int { (stop[i] - start[i] + step(at: i) - 1) / step(at: i) }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(
      start.count == axes.count && stop.count == axes.count
        && (step.isEmpty || step.count == axes.count),
      "C1",
      "names \(axes.count) axes, \(start.count) starts, \(stop.count) stops and "
        + "\(step.count) steps")
    var shape = x.shape
    for (i, axis) in try checkedAxes(axes, of: x, outside: "C2", repeated: "C3").enumerated() {
      try require(
        0 <= start[i] && start[i] <= stop[i] && stop[i] <= x.shape[axis], "C4",
        "\(start[i])..<\(stop[i]) is outside axis \(axis) of \(x)", operand: 0)
      try require(step(at: i) >= 1, "C5", "steps by at least 1, not by \(step(at: i))")
      shape[axis] = count(at: i)
    }
    return [x.with(shape)]
  }

  /// Zeros where the slice took nothing.
  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let shape = b.shape(of: primal.inputs[0])
    let high = axes.indices.map { i in
      let count = count(at: i)
      let end = count == 0 ? start[i] : start[i] + (count - 1) * step(at: i) + 1
      return shape[shape.normalised(axes[i])!] - end
    }
    let interior = step.contains { $0 != 1 } ? step.map { $0 - 1 } : []
    return [b.pad(primal.seed, axes, low: start, high: high, interior: interior)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let shape = operands[0].shape
    var strides = shape.strides
    var first = 0
    for (i, axis) in axes.enumerated() {
      let axis = shape.normalised(axis)!
      first += start[i] * strides[axis]
      strides[axis] *= step(at: i)
    }
    results[0].gatherElements(from: operands[0], strides: strides, start: first)
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    // Only what is taken is read.
    .moving(results, results, flops: 0)
  }
}

extension GraphBuilder {
  package mutating func slice(
    _ x: Value, _ axes: [Int], start: [Int], stop: [Int], step: [Int] = []
  ) -> Value {
    add(Slice(axes, start: start, stop: stop, step: step), [x])
  }
}
