import RetortIR
import RetortTensor

/// `conv2d_kernel` of channels-last images:
/// `w[o, i, u, v] = Σ x[n, r·s − p + u·d, …, i] · dy[n, r, c, o]` over images and outputs.
///
/// Shapes: `x: [n, h, w, ci]`, `dy: [n, oh, ow, co]` → `w: [co, ci, kernel…]`.
/// The reference adds up in Double and rounds once.
/// - C1: `x` and `dy` are real, of one element type, of rank 4.
/// - C2: as C2 of `conv2d`; `kernel` has 2 entries of at least 1.
/// - C3: as many images in both.
/// - C4: `conv2d` with the same attributes takes `x` to an image of the extents of `dy`.
package struct KernelGradientLast: PackedConvolution {
  package static let name = "conv2d_kernel_last"
  package static let summary = "adjoint of conv2d in the kernel, for channels-last images"
  package static let operandNames = ["x", "dy"]
  package static let attributes: [Attribute<KernelGradientLast>] = [
    Attribute("kernel", \.kernel, "rows and columns of the kernel"),
    Attribute("stride", \.sliding.stride, "vertical and horizontal step of the window"),
    Attribute("padding", \.sliding.padding, "zeros around the image: top, left, bottom, right"),
    Attribute("dilation", \.sliding.dilation, "vertical and horizontal distance of the taps"),
  ]
  package var kernel = [1, 1]
  package var sliding = Sliding()

  package init() {}
  package init(kernel: [Int], _ sliding: Sliding) {
    self.kernel = kernel
    self.sliding = sliding
  }

  package static let samples = [
    Sample(KernelGradientLast(), [TensorType([2, 3, 2, 3]), TensorType([2, 3, 2, 5])]),
    Sample(
      KernelGradientLast(kernel: [3, 3], Sliding(stride: [2], padding: [1])),
      [TensorType([3, 5, 6, 4]), TensorType([3, 3, 3, 18])]),
    Sample(
      KernelGradientLast(
        kernel: [2, 3], Sliding(padding: [1, 0, 2, 1], dilation: [2, 1])),
      [TensorType([1, 4, 5, 17]), TensorType([1, 5, 4, 3])]),
  ]

  package func extents(_ operands: [TensorType]) throws(Violation) -> ConvolutionExtents {
    try Self.requireOperand(operands, 0, rank: 4)
    try Self.requireOperand(operands, 1, rank: 4)
    try sliding.check("C2")
    try kernel.requireWindow("kernel", count: 2, atLeast: 1, "C2")
    let (x, dy) = (operands[0].shape, operands[1].shape)
    try require(
      x[0] == dy[0], "C3", "takes as many images in both, got \(x[0]) and \(dy[0])", operand: 1)
    guard let axes = sliding.axes(height: x[1], width: x[2], kernel: kernel),
      axes.rows.output == dy[1], axes.columns.output == dy[2]
    else {
      throw Violation(
        "C4",
        "takes 'dy' of the extents that a convolution gives for an image of \(x[1])×\(x[2]), got"
          + " \(dy[1])×\(dy[2])", operand: 1)
    }
    return ConvolutionExtents(
      batch: x[0], inputChannels: x[3], outputChannels: dy[3], groups: 1, rows: axes.rows,
      columns: axes.columns)
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [operands[0].with(try extents(operands).kernelShape)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    Self.withReals(
      operands, { run(Float.self, operands, results[0]) },
      { run(Double.self, operands, results[0]) })
  }

  private func run<R: Real>(_: R.Type, _ operands: [TensorView], _ result: TensorView) {
    let e = acceptedExtents(operands.map(\.type))
    let (x, dy, w) = (
      operands[0].elements(R.self), operands[1].elements(R.self), result.elements(R.self)
    )
    let (rows, columns) = (e.rows, e.columns)
    let (down, across) = (rows.inputIndices, columns.inputIndices)
    let (ci, co) = (e.inputChannels, e.outputChannels)
    for o in 0..<co {
      for i in 0..<ci {
        for u in 0..<rows.taps {
          for v in 0..<columns.taps {
            var sum = 0.0
            for image in 0..<e.batch {
              for row in 0..<rows.output where down[row * rows.taps + u] >= 0 {
                for column in 0..<columns.output where across[column * columns.taps + v] >= 0 {
                  let line = image * rows.input + down[row * rows.taps + u]
                  let pixel = line * columns.input + across[column * columns.taps + v]
                  let seed = (image * rows.output + row) * columns.output + column
                  sum += Double(x[pixel * ci + i]) * Double(dy[seed * co + o])
                }
              }
            }
            w[((o * ci + i) * rows.taps + u) * columns.taps + v] = R(sum)
          }
        }
      }
    }
  }
}
