import RetortIR
import RetortTensor

/// `x` with `low` elements of `value` before, `high` behind and `interior` between every two of its
/// elements, along some axes; elements of any type.
///
/// - C1: `axes`, `low`, `high` and `interior` are of one length (`interior` may be empty: all 0).
/// - C2: every axis is one of `x`.
/// - C3: no axis is named twice.
/// - C4: none of the numbers is negative, and the result's elements can be counted.
/// - C5: `value` is of the element type of `x` (reals round).
package struct Pad: TensorOp {
  package static let name = "pad"
  package static let summary = "a value around and between the elements"
  package static let operandNames = ["x"]
  package static let attributes: [Attribute<Pad>] = [
    Attribute("axes", \.axes, required: true, "the axes that grow"),
    Attribute("low", \.low, required: true, "number of elements before, along each"),
    Attribute("high", \.high, required: true, "number of elements behind, along each"),
    Attribute("interior", \.interior, "number of elements between; none means 0"),
    Attribute("value", \.value, "the added elements"),
  ]
  package static let samples = [
    Sample(Pad([0], low: [1], high: [2]), [TensorType([3, 4])]),
    Sample(Pad([1, 0], low: [0, 2], high: [1, 0], interior: [2, 1]), [TensorType([3, 4])]),
    Sample(Pad([-1], low: [1], high: [1], value: -2.5), [TensorType([3])]),
    Sample(Pad([0], low: [2], high: [1], interior: [3]), [TensorType([0, 2])]),
    Sample(Pad([0], low: [1], high: [1], value: 1), [TensorType(.bool, [2, 2])]),
    Sample(Pad([0], low: [1], high: [1]), [TensorType(.key, [2])]),
  ]
  package var axes: [Int] = []
  package var low: [Int] = []
  package var high: [Int] = []
  package var interior: [Int] = []
  package var value = 0.0

  package init() {}

  package init(
    _ axes: [Int], low: [Int], high: [Int], interior: [Int] = [], value: Double = 0
  ) {
    self.axes = axes
    self.low = low
    self.high = high
    self.interior = interior
    self.value = value
  }

  private func interior(at i: Int) -> Int { interior.isEmpty ? 0 : interior[i] }

  /// The extent that `extent` elements cover with what is between them.
  private func spread(_ extent: Int, at i: Int) -> Int {
    extent == 0 ? 0 : (extent - 1) * (interior(at: i) + 1) + 1
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(
      low.count == axes.count && high.count == axes.count
        && (interior.isEmpty || interior.count == axes.count),
      "C1",
      "names \(axes.count) axes, \(low.count) low, \(high.count) high and "
        + "\(interior.count) interior numbers")
    var shape = x.shape
    let limit = WindowAxis.limit
    for (i, axis) in try checkedAxes(axes, of: x, outside: "C2", repeated: "C3").enumerated() {
      for number in [low[i], high[i], interior(at: i)] {
        try require(
          (0...limit).contains(number), "C4", "pads with 0 to \(limit) elements, not \(number)")
      }
      try require(x.shape[axis] <= limit, "C4", "cannot pad \(x)", operand: 0)
      shape[axis] = low[i] + spread(x.shape[axis], at: i) + high[i]
    }
    try require(Shape.checked(shape.extents) != nil, "C4", "\(shape) is too large", operand: 0)
    try require(
      x.element.holds(value), "C5", "\(AttributeValue.spelling(value)) is not of type \(x.element)")
    return [x.with(shape)]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let shape = b.shape(of: primal.inputs[0])
    let stop = axes.indices.map { low[$0] + spread(shape[shape.normalised(axes[$0])!], at: $0) }
    let step = interior.contains { $0 != 0 } ? interior.map { $0 + 1 } : []
    return [b.slice(primal.seed, axes, start: low, stop: stop, step: step)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let (x, y) = (operands[0], results[0])
    for i in 0..<y.elementCount { y.store(value, at: i) }
    var strides = y.shape.strides
    var first = 0
    for (i, axis) in axes.enumerated() {
      let axis = x.shape.normalised(axis)!
      first += low[i] * strides[axis]
      strides[axis] *= interior(at: i) + 1
    }
    y.scatterElements(from: x, strides: strides, start: first)
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 0)
  }
}

extension GraphBuilder {
  package mutating func pad(
    _ x: Value, _ axes: [Int], low: [Int], high: [Int], interior: [Int] = [], value: Double = 0
  ) -> Value {
    add(Pad(axes, low: low, high: high, interior: interior, value: value), [x])
  }
}
