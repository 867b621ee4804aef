import RetortIR
import RetortTensor

/// Cross-correlation of images with a kernel:
/// `y[n, o, r, c] = Σ x[n, i, r·s − p + k·d, …] · w[o, i, k, …]`, the sum over the group's input
/// channels and both axes of taps. Taps in the padding read zero.
///
/// Shapes: `x: [n, ci, h, w]`, `w: [co, ci / groups, kh, kw]` → `y: [n, co, oh, ow]` with
/// `oh = ⌊(h + top + bottom − dilation · (kh − 1) − 1) / stride⌋ + 1`.
/// The reference adds up in Double and rounds once.
///
/// A NaN or an infinity in `x` reaches the results whose window holds it. Compiled to
/// `winograd_conv2d` with `tile` 4 it may reach every result of its 4×4 tiles, and with either `tile`
/// an infinity may become NaN; `--exact` keeps to direct forms.
/// - C1: `x` and `w` are real, of one element type and of rank 4.
/// - C2: `stride` and `dilation` have 2 entries (or one for both) of at least 1, `padding` 4 (or
///   one for all) of at least 0, `groups` is at least 1; all are at most 2³¹.
/// - C3: `groups` divides `co`, and the kernel is not empty.
/// - C4: `x` has `groups · w.shape[1]` channels.
/// - C5: the window fits the padded image.
package struct Conv2d: Convolution {
  package static let name = "conv2d"
  package static let summary = "two-dimensional convolution of images with a kernel"
  package static let operandNames = ["x", "w"]
  package static let attributes = slidingAttributes
  package var sliding: Sliding

  package init() { sliding = Sliding() }
  package init(_ sliding: Sliding) { self.sliding = sliding }

  package static let samples = [
    Sample(Conv2d(), [TensorType([2, 3, 5, 4]), TensorType([4, 3, 3, 2])]),
    Sample(Conv2d(), [TensorType([1, 1, 1, 1]), TensorType([1, 1, 1, 1])]),
    Sample(
      Conv2d(Sliding(stride: [2, 3], padding: [0, 2, 1, 1])),
      [TensorType([1, 2, 7, 6]), TensorType([3, 2, 3, 3])]),
    Sample(
      Conv2d(Sliding(padding: [2], dilation: [2, 1], groups: 2)),
      [TensorType([2, 4, 5, 3]), TensorType([6, 2, 3, 3])]),
    Sample(
      Conv2d(Sliding(stride: [3], padding: [1], groups: 3)),
      [TensorType([3, 3, 1, 6]), TensorType([3, 1, 3, 2])]),
    Sample(Conv2d(Sliding(stride: [2])), [TensorType([2, 5, 5, 5]), TensorType([3, 5, 1, 1])]),
  ]

  package func extents(_ operands: [TensorType]) throws(Violation) -> ConvolutionExtents {
    try Self.requireImages(operands, "C1")
    try sliding.check("C2")
    let (x, w) = (operands[0].shape, operands[1].shape)
    try require(
      w[0] % sliding.groups == 0, "C3",
      "divides output channels into \(sliding.groups) groups, but 'w' has \(w[0])", operand: 1)
    try require(
      w[2] > 0 && w[3] > 0, "C3", "needs at least one tap, but 'w' is \(w)", operand: 1)
    try require(
      x[1] == sliding.groups * w[1], "C4",
      "expects \(sliding.groups * w[1]) input channels, but 'x' has \(x[1])", operand: 0)
    guard let axes = sliding.axes(height: x[2], width: x[3], kernel: [w[2], w[3]]) else {
      throw Violation(
        "C5",
        "slides a kernel of \(w[2])×\(w[3]) with dilation \(sliding.dilation) over an image"
          + " of \(x[2])×\(x[3]) with padding \(sliding.padding), which is smaller", operand: 0)
    }
    return ConvolutionExtents(
      batch: x[0], inputChannels: x[1], outputChannels: w[0], groups: sliding.groups,
      rows: axes.rows, columns: axes.columns)
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [operands[0].with(try extents(operands).outputShape)]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let (x, w, dy) = (primal.inputs[0], primal.inputs[1], primal.seed)
    let kernel = b.shape(of: w)
    return [
      primal.wanted[0] ? b.imageCotangent(dy, w, sliding, of: x) : nil,
      primal.wanted[1] ? b.conv2dKernel(x, dy, kernel: [kernel[2], kernel[3]], sliding) : nil,
    ]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let extents = acceptedExtents(operands.map(\.type))
    switch operands[0].type.element {
    case .f64: Self.run(extents, Double.self, operands, results[0])
    default: Self.run(extents, Float.self, operands, results[0])
    }
  }

  private static func run<R: Real>(
    _ e: ConvolutionExtents, _: R.Type, _ operands: [TensorView], _ result: TensorView
  ) {
    let (x, w, y) = (
      operands[0].elements(R.self), operands[1].elements(R.self), result.elements(R.self)
    )
    let (rows, columns) = (e.rows, e.columns)
    let plane = rows.output * columns.output
    for image in 0..<e.batch {
      for output in 0..<e.outputChannels {
        var sums = [Double](repeating: 0, count: plane)
        let firstInput = image * e.inputChannels + output / e.groupOutputs * e.groupInputs
        for input in 0..<e.groupInputs {
          for i in 0..<rows.taps {
            for j in 0..<columns.taps {
              let kernel = output * e.groupInputs + input
              let weight = Double(w[(kernel * rows.taps + i) * columns.taps + j])
              let span = columns.outputs(throughTap: j)
              for row in rows.outputs(throughTap: i) {
                let source = row * rows.stride + rows.offset(ofTap: i)
                let line =
                  ((firstInput + input) * rows.input + source) * columns.input
                  + columns.offset(ofTap: j)
                for column in span {
                  sums[row * columns.output + column] +=
                    weight * Double(x[line + column * columns.stride])
                }
              }
            }
          }
        }
        let target = (image * e.outputChannels + output) * plane
        for (position, sum) in sums.enumerated() { y[target + position] = R(sum) }
      }
    }
  }
}

extension GraphBuilder {
  /// `conv2d(x, w)`; lists of one stand for all entries.
  package mutating func conv2d(
    _ x: Value, _ w: Value, stride: [Int] = [1], padding: [Int] = [0], dilation: [Int] = [1],
    groups: Int = 1
  ) -> Value {
    conv2d(
      x, w, Sliding(stride: stride, padding: padding, dilation: dilation, groups: groups))
  }

  package mutating func conv2d(_ x: Value, _ w: Value, _ sliding: Sliding) -> Value {
    add(Conv2d(sliding), [x, w])
  }
}
