import RetortIR
import RetortTensor

/// The adjoint of `conv2d` in its kernel:
/// `w[o, i, k, …] = Σ x[n, i, r·s − p + k·d, …] · y[n, o, r, …]` over images and positions.
///
/// Shapes: `x: [n, ci, h, w]`, `y: [n, co, oh, ow]` → `w: [co, ci / groups, kh, kw]`.
/// The reference adds up in Double and rounds once.
/// - C1: `x` and `y` are real, of one element type and of rank 4.
/// - C2: as C2 of `conv2d`; `kernel` has 2 entries (or one for both) of at least 1.
/// - C3: `groups` divides `ci` and `co`.
/// - C4: `x` and `y` have as many images.
/// - C5: `conv2d` with the same attributes takes an image of `h`×`w` to one of `oh`×`ow`.
package struct Conv2dKernel: Convolution {
  package static let name = "conv2d_kernel"
  package static let summary = "the adjoint of conv2d in the kernel"
  package static let operandNames = ["x", "y"]
  package static let attributes =
    [
      Attribute(
        "kernel", \Conv2dKernel.kernel, required: true, "height and width of the kernel")
    ] + slidingAttributes
  package var kernel: [Int] { didSet { kernel = kernel.spread(to: 2) } }
  package var sliding: Sliding

  package init() { self.init(kernel: [1, 1], Sliding()) }

  package init(kernel: [Int], _ sliding: Sliding) {
    self.kernel = kernel.spread(to: 2)
    self.sliding = sliding
  }

  package static let samples = [
    Sample(
      Conv2dKernel(kernel: [3, 2], Sliding()),
      [TensorType([2, 3, 5, 4]), TensorType([2, 4, 3, 3])]),
    Sample(
      Conv2dKernel(kernel: [1], Sliding()), [TensorType([1, 1, 1, 1]), TensorType([1, 1, 1, 1])]),
    Sample(
      Conv2dKernel(kernel: [3], Sliding(stride: [2, 3], padding: [0, 2, 1, 1])),
      [TensorType([1, 2, 7, 6]), TensorType([1, 3, 3, 3])]),
    Sample(
      Conv2dKernel(kernel: [3], Sliding(padding: [2], dilation: [2, 1], groups: 2)),
      [TensorType([2, 4, 5, 3]), TensorType([2, 6, 5, 5])]),
  ]

  package func extents(_ operands: [TensorType]) throws(Violation) -> ConvolutionExtents {
    try Self.requireImages(operands, "C1")
    try sliding.check("C2")
    try kernel.requireWindow("kernel", count: 2, atLeast: 1, "C2")
    let (x, y) = (operands[0].shape, operands[1].shape)
    for (index, shape) in [x, y].enumerated() {
      try require(
        shape[1] % sliding.groups == 0, "C3",
        "divides channels into \(sliding.groups) groups, but '\(Self.operandNames[index])' has"
          + " \(shape[1])", operand: index)
    }
    try require(
      x[0] == y[0], "C4", "expects as many images in 'x' and 'y', got \(x[0]) and \(y[0])",
      operand: 1)
    guard let axes = sliding.axes(height: x[2], width: x[3], kernel: kernel),
      axes.rows.output == y[2], axes.columns.output == y[3]
    else {
      throw Violation(
        "C5",
        "takes 'y' of the extents that conv2d with a kernel of \(kernel[0])×\(kernel[1])"
          + " gives for \(x[2])×\(x[3]), got \(y[2])×\(y[3])", operand: 1)
    }
    return ConvolutionExtents(
      batch: x[0], inputChannels: x[1], outputChannels: y[1], groups: sliding.groups,
      rows: axes.rows, columns: axes.columns)
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [operands[0].with(try extents(operands).kernelShape)]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let (x, y, dw) = (primal.inputs[0], primal.inputs[1], primal.seed)
    return [
      primal.wanted[0] ? b.imageCotangent(y, dw, sliding, of: x) : nil,
      primal.wanted[1] ? b.conv2d(x, dw, sliding) : nil,
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
    let (x, y, w) = (
      operands[0].elements(R.self), operands[1].elements(R.self), result.elements(R.self)
    )
    let (rows, columns) = (e.rows, e.columns)
    var position = 0
    for output in 0..<e.outputChannels {
      for input in 0..<e.groupInputs {
        let channel = output / e.groupOutputs * e.groupInputs + input
        for i in 0..<rows.taps {
          for j in 0..<columns.taps {
            var sum = 0.0
            let span = columns.outputs(throughTap: j)
            for image in 0..<e.batch {
              for row in rows.outputs(throughTap: i) {
                let source = row * rows.stride + rows.offset(ofTap: i)
                let line =
                  ((image * e.inputChannels + channel) * rows.input + source) * columns.input
                  + columns.offset(ofTap: j)
                let start =
                  ((image * e.outputChannels + output) * rows.output + row) * columns.output
                for column in span {
                  sum += Double(x[line + column * columns.stride]) * Double(y[start + column])
                }
              }
            }
            w[position] = R(sum)
            position += 1
          }
        }
      }
    }
  }
}

extension GraphBuilder {
  /// `conv2d_kernel(x, y, kernel: [kh, kw])`
  package mutating func conv2dKernel(
    _ x: Value, _ y: Value, kernel: [Int], _ sliding: Sliding = Sliding()
  ) -> Value {
    add(Conv2dKernel(kernel: kernel, sliding), [x, y])
  }
}
