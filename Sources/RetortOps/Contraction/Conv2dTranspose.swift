import RetortIR
import RetortTensor

/// The adjoint of `conv2d` in its image, also known as transposed convolution:
/// `x[n, i, a, …] = Σ y[n, o, r, …] · w[o, i, k, …]` over all `r, k` with `r·s − p + k·d = a`.
///
/// Shapes: `y: [n, co, oh, ow]`, `w: [co, ci / groups, kh, kw]` → `x: [n, ci, height, width]`.
/// Where `height` is 0 it is `(oh − 1) · stride − top − bottom + dilation · (kh − 1) + 1`, the
/// smallest image that gives `oh` rows; likewise the width. So the kernel's first axis counts the
/// channels that come in, as in PyTorch's `ConvTranspose2d`.
/// The reference adds up in Double and rounds once.
/// - C1: `y` and `w` are real, of one element type and of rank 4.
/// - C2: as C2 of `conv2d`; `height` and `width` are from 0 to 2³¹.
/// - C3: `groups` divides `co`, and the kernel is not empty.
/// - C4: `y` has `co` channels.
/// - C5: `conv2d` with the same attributes takes an image of `height`×`width` to one of `oh`×`ow`.
package struct Conv2dTranspose: Convolution {
  package static let name = "conv2d_transpose"
  package static let summary = "transposed convolution, the adjoint of conv2d in the image"
  package static let operandNames = ["y", "w"]
  package static let attributes =
    slidingAttributes + [
      Attribute("height", \Conv2dTranspose.height, "rows of the result; 0 for the smallest"),
      Attribute("width", \Conv2dTranspose.width, "columns of the result; 0 for the smallest"),
    ]
  package var sliding: Sliding
  package var height: Int
  package var width: Int

  package init() { self.init(Sliding()) }

  package init(_ sliding: Sliding, height: Int = 0, width: Int = 0) {
    self.sliding = sliding
    self.height = height
    self.width = width
  }

  package static let samples = [
    Sample(Conv2dTranspose(), [TensorType([2, 3, 3, 2]), TensorType([3, 2, 3, 2])]),
    Sample(Conv2dTranspose(), [TensorType([1, 1, 1, 1]), TensorType([1, 1, 1, 1])]),
    Sample(
      Conv2dTranspose(Sliding(stride: [2], padding: [1])),
      [TensorType([1, 2, 2, 3]), TensorType([2, 3, 4, 4])]),
    Sample(
      Conv2dTranspose(Sliding(stride: [2, 3], padding: [0, 2, 1, 1]), height: 7, width: 6),
      [TensorType([1, 3, 3, 3]), TensorType([3, 2, 3, 3])]),
    Sample(
      Conv2dTranspose(Sliding(padding: [2], dilation: [2, 1], groups: 2)),
      [TensorType([2, 6, 5, 3]), TensorType([6, 2, 3, 3])]),
  ]

  package func extents(_ operands: [TensorType]) throws(Violation) -> ConvolutionExtents {
    try Self.requireImages(operands, "C1")
    try sliding.check("C2")
    try [height, width].requireWindow("height, width", count: 2, atLeast: 0, "C2")
    let (y, w) = (operands[0].shape, operands[1].shape)
    try require(
      w[0] % sliding.groups == 0, "C3",
      "divides channels into \(sliding.groups) groups, but 'w' has \(w[0])", operand: 1)
    try require(
      w[2] > 0 && w[3] > 0, "C3", "needs at least one tap, but 'w' is \(w)", operand: 1)
    try require(
      y[1] == w[0], "C4", "expects \(w[0]) channels, but 'y' has \(y[1])", operand: 0)
    let extents = [
      height == 0 ? smallest(0, outputs: y[2], taps: w[2]) : height,
      width == 0 ? smallest(1, outputs: y[3], taps: w[3]) : width,
    ]
    try require(
      extents.allSatisfy { $0 >= 0 && $0 <= WindowAxis.limit }, "C5",
      "makes images of \(extents[0])×\(extents[1]) from \(y[2])×\(y[3]) with a kernel of"
        + " \(w[2])×\(w[3]) and padding \(sliding.padding)", operand: 0)
    guard
      let axes = sliding.axes(height: extents[0], width: extents[1], kernel: [w[2], w[3]]),
      axes.rows.output == y[2], axes.columns.output == y[3]
    else {
      throw Violation(
        "C5",
        "takes 'y' of the extents that conv2d gives for an image of"
          + " \(extents[0])×\(extents[1]), got \(y[2])×\(y[3])", operand: 0)
    }
    return ConvolutionExtents(
      batch: y[0], inputChannels: sliding.groups * w[1], outputChannels: w[0],
      groups: sliding.groups, rows: axes.rows, columns: axes.columns)
  }

  /// The smallest extent along a spatial axis from which the window gives `outputs`.
  private func smallest(_ axis: Int, outputs: Int, taps: Int) -> Int {
    (outputs - 1) * sliding.stride[axis] - sliding.padding[axis] - sliding.padding[axis + 2]
      + WindowAxis.reach(taps: taps, dilation: sliding.dilation[axis])
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [operands[0].with(try extents(operands).imageShape)]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let (y, w, dx) = (primal.inputs[0], primal.inputs[1], primal.seed)
    let kernel = b.shape(of: w)
    return [
      primal.wanted[0] ? b.conv2d(dx, w, sliding) : nil,
      primal.wanted[1] ? b.conv2dKernel(dx, y, kernel: [kernel[2], kernel[3]], sliding) : nil,
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
    let (y, w, x) = (
      operands[0].elements(R.self), operands[1].elements(R.self), result.elements(R.self)
    )
    let (rows, columns) = (e.rows, e.columns)
    let plane = rows.input * columns.input
    for image in 0..<e.batch {
      for input in 0..<e.inputChannels {
        var sums = [Double](repeating: 0, count: plane)
        let firstOutput = input / e.groupInputs * e.groupOutputs
        for output in firstOutput..<firstOutput + e.groupOutputs {
          for i in 0..<rows.taps {
            for j in 0..<columns.taps {
              let kernel = output * e.groupInputs + input % e.groupInputs
              let weight = Double(w[(kernel * rows.taps + i) * columns.taps + j])
              let span = columns.outputs(throughTap: j)
              for row in rows.outputs(throughTap: i) {
                let line =
                  ((image * e.outputChannels + output) * rows.output + row) * columns.output
                let target =
                  (row * rows.stride + rows.offset(ofTap: i)) * columns.input
                  + columns.offset(ofTap: j)
                for column in span {
                  sums[target + column * columns.stride] += weight * Double(y[line + column])
                }
              }
            }
          }
        }
        let target = (image * e.inputChannels + input) * plane
        for (position, sum) in sums.enumerated() { x[target + position] = R(sum) }
      }
    }
  }
}

extension GraphBuilder {
  /// `conv2d_transpose(y, w)`; extents of 0 stand for the smallest that fit.
  package mutating func conv2dTranspose(
    _ y: Value, _ w: Value, stride: [Int] = [1], padding: [Int] = [0], dilation: [Int] = [1],
    groups: Int = 1, height: Int = 0, width: Int = 0
  ) -> Value {
    conv2dTranspose(
      y, w, Sliding(stride: stride, padding: padding, dilation: dilation, groups: groups),
      height: height, width: width)
  }

  package mutating func conv2dTranspose(
    _ y: Value, _ w: Value, _ sliding: Sliding, height: Int, width: Int
  ) -> Value {
    add(Conv2dTranspose(sliding, height: height, width: width), [y, w])
  }

  /// The cotangent of the image `x` that `conv2d` takes to the extents of `y`. Without pixels there
  /// is nothing to compute, and an extent of 0 would ask for the smallest image.
  mutating func imageCotangent(_ y: Value, _ w: Value, _ sliding: Sliding, of x: Value) -> Value {
    let image = shape(of: x)
    if image.elementCount == 0 { return fill(0, like: x) }
    return conv2dTranspose(y, w, sliding, height: image[2], width: image[3])
  }
}
