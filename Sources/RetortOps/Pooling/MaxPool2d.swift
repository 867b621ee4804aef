import RetortIR
import RetortTensor

/// The largest pixel of each window: `y[n, c, r, q] = max x[n, c, r·s − p + i, …]` over the taps
/// `i, …` that lie inside the image.
///
/// Shapes: `x: [n, c, h, w]` → `y: [n, c, oh, ow]` with
/// `oh = ⌊(h + top + bottom − kh) / stride⌋ + 1`.
/// A window with a NaN gives NaN. The gradient goes to the first maximum (or first NaN) in
/// row-major order of the window.
/// - C1: `x` is real and of rank 4.
/// - C2: `window` and `stride` have 2 entries (or one for both) of at least 1, `padding` 4 (or one
///   for all) of at least 0; all are at most 2³¹.
/// - C3: `padding` is smaller than the window, so that every window meets the image.
/// - C4: the image has pixels and the window fits it with its padding.
package struct MaxPool2d: Pooling {
  package static let name = "max_pool2d"
  package static let summary = "the largest pixel of each window"
  package static let operandNames = ["x"]
  package static let attributes = windowAttributes
  package var window: PoolWindow

  package init() { window = PoolWindow([1, 1]) }
  package init(_ window: PoolWindow) { self.window = window }

  package static let samples = sampleWindows.map { window, image in
    Sample(MaxPool2d(window), [Sample.Operand(image, .distinct(-4...4))])
  }

  /// Windows and images that the samples of all poolings are made of.
  static let sampleWindows: [(PoolWindow, TensorType)] = [
    (PoolWindow([2, 2]), TensorType([2, 3, 4, 6])),
    (PoolWindow([3], stride: [2], padding: [1]), TensorType([1, 2, 5, 7])),
    (PoolWindow([2, 3], stride: [3, 1], padding: [0, 1, 1, 2]), TensorType([3, 1, 6, 3])),
    (PoolWindow([3], stride: [1], padding: [1]), TensorType([1, 1, 1, 5])),
    (PoolWindow([1]), TensorType([1, 1, 1, 1])),
  ]

  package func extents(_ operands: [TensorType]) throws(Violation) -> PoolingExtents {
    try Self.requireImages(operands, "C1")
    let shape = operands[0].shape
    return try window.extents(
      planeCount: shape[0] * shape[1], height: shape[2], width: shape[3])
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [operands[0].pooled(try extents(operands))]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    [b.maxPool2dScatter(primal.inputs[0], primal.seed, window)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let positions = Self.maximumPositions(operands[0], acceptedExtents([operands[0].type]))
    switch operands[0].type.element {
    case .f64: Self.pick(Double.self, operands[0], positions, results[0])
    default: Self.pick(Float.self, operands[0], positions, results[0])
    }
  }

  /// Writes the elements of `source` at the positions, in order.
  static func pick<R: Real>(
    _: R.Type, _ source: TensorView, _ positions: [Int], _ result: TensorView
  ) {
    let (x, y) = (source.elements(R.self), result.elements(R.self))
    for (output, position) in positions.enumerated() { y[output] = x[position] }
  }

  /// For each output the flat index of the first maximum, or first NaN, of its window.
  static func maximumPositions(_ x: TensorView, _ extents: PoolingExtents) -> [Int] {
    switch x.type.element {
    case .f64: positions(x.elements(Double.self), extents)
    default: positions(x.elements(Float.self), extents)
    }
  }

  private static func positions<R: Real>(
    _ x: UnsafeMutableBufferPointer<R>, _ extents: PoolingExtents
  ) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(extents.outputCount)
    for plane in 0..<extents.planeCount {
      let start = plane * extents.rows.input * extents.columns.input
      for row in 0..<extents.rows.output {
        for column in 0..<extents.columns.output {
          var best = -1
          for i in extents.rows.insideInputs(ofOutput: row) {
            let line = start + i * extents.columns.input
            for j in extents.columns.insideInputs(ofOutput: column) {
              let position = line + j
              if best < 0 || x[position] > x[best] || (x[position].isNaN && !x[best].isNaN) {
                best = position
              }
            }
          }
          result.append(best)
        }
      }
    }
    return result
  }
}

extension GraphBuilder {
  /// `max_pool2d(x)`; lists of one stand for all entries.
  package mutating func maxPool2d(
    _ x: Value, window: [Int], stride: [Int] = [], padding: [Int] = [0]
  ) -> Value {
    add(MaxPool2d(PoolWindow(window, stride: stride, padding: padding)), [x])
  }
}
