import RetortIR
import RetortTensor

/// `conv2d_transpose` of channels-last images with a kernel from `pack_kernel(swap: true)`:
/// `x[n, a, b, i] = Σ y[n, r, c, o] · w[⌊i / 16⌋, u, v, o, i mod 16]` over all `r, u` with
/// `r·s − p + u·d = a`, and likewise for the columns.
///
/// Shapes: `y: [n, oh, ow, co]`, `w: [⌈channels / 16⌉, kh, kw, co, 16]` → `x: [n, height, width,
/// channels]`. The reference adds up in Double and rounds once.
/// - C1: `y` and `w` are real, of one element type, of ranks 4 and 5.
/// - C2: as C2 of `conv2d`; `height` and `width` are from 0 to 2³¹.
/// - C3: `w` has the panels for `channels`, at least one tap, and the depth of `y`.
/// - C4: `conv2d` with the same attributes takes an image of `height`×`width` to one of `oh`×`ow`.
package struct PackedConv2dTranspose: PackedConvolution {
  package static let name = "packed_conv2d_transpose"
  package static let summary = "transposed convolution of channels-last images, packed kernel"
  package static let operandNames = ["y", "w"]
  package static let attributes: [Attribute<PackedConv2dTranspose>] = [
    Attribute("channels", \.channels, "channels of the result"),
    Attribute("stride", \.sliding.stride, "vertical and horizontal step of the window"),
    Attribute("padding", \.sliding.padding, "zeros around the image: top, left, bottom, right"),
    Attribute("dilation", \.sliding.dilation, "vertical and horizontal distance of the taps"),
    Attribute("height", \.height, "rows of the result"),
    Attribute("width", \.width, "columns of the result"),
  ]
  package var channels = 16
  package var sliding = Sliding()
  package var height = 1
  package var width = 1

  package init() {}
  package init(channels: Int, _ sliding: Sliding, height: Int, width: Int) {
    self.channels = channels
    self.sliding = sliding
    self.height = height
    self.width = width
  }

  package static let samples = [
    Sample(PackedConv2dTranspose(), [TensorType([2, 1, 1, 3]), TensorType([1, 1, 1, 3, 16])]),
    Sample(
      PackedConv2dTranspose(
        channels: 3, Sliding(stride: [2], padding: [1]), height: 6, width: 5),
      [TensorType([2, 3, 3, 18]), TensorType([1, 3, 3, 18, 16])]),
    Sample(
      PackedConv2dTranspose(
        channels: 20, Sliding(stride: [2, 3], padding: [0, 2, 1, 1]), height: 7, width: 6),
      [TensorType([1, 3, 3, 4]), TensorType([2, 3, 3, 4, 16])]),
    Sample(
      PackedConv2dTranspose(
        channels: 17, Sliding(padding: [2, 1, 2, 1], dilation: [2, 1]), height: 3, width: 4),
      [TensorType([1, 3, 4, 2]), TensorType([2, 3, 3, 2, 16])]),
  ]

  package func extents(_ operands: [TensorType]) throws(Violation) -> ConvolutionExtents {
    try Self.requireOperand(operands, 0, rank: 4)
    try Self.requireOperand(operands, 1, rank: 5)
    try sliding.check("C2")
    try [height, width].requireWindow("height, width", count: 2, atLeast: 0, "C2")
    let (y, w) = (operands[0].shape, operands[1].shape)
    try Self.requirePanels(w[0], w[4], of: channels)
    try require(
      w[1] > 0 && w[2] > 0 && w[3] == y[3], "C3",
      "takes a kernel of taps by \(y[3]) channels, got \(w)", operand: 1)
    guard let axes = sliding.axes(height: height, width: width, kernel: [w[1], w[2]]),
      axes.rows.output == y[1], axes.columns.output == y[2]
    else {
      throw Violation(
        "C4",
        "takes 'y' of the extents that a convolution gives for an image of \(height)×\(width), got"
          + " \(y[1])×\(y[2])", operand: 0)
    }
    return ConvolutionExtents(
      batch: y[0], inputChannels: channels, outputChannels: y[3], groups: 1, rows: axes.rows,
      columns: axes.columns)
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [operands[0].with(try extents(operands).imageShapeLast)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    Self.withReals(
      operands, { run(Float.self, operands, results[0]) },
      { run(Double.self, operands, results[0]) })
  }

  private func run<R: Real>(_: R.Type, _ operands: [TensorView], _ result: TensorView) {
    let e = acceptedExtents(operands.map(\.type))
    let (y, w, x) = (
      operands[0].elements(R.self), operands[1].elements(R.self), result.elements(R.self)
    )
    let (rows, columns, depth) = (e.rows, e.columns, e.outputChannels)
    let (down, across) = (rows.inputIndices, columns.inputIndices)
    guard e.batch > 0 else { return }
    var sums = [Double](repeating: 0, count: height * width * channels)
    for image in 0..<e.batch {
      for index in sums.indices { sums[index] = 0 }
      for row in 0..<rows.output {
        for column in 0..<columns.output {
          let seed = ((image * rows.output + row) * columns.output + column) * depth
          for u in 0..<rows.taps where down[row * rows.taps + u] >= 0 {
            for v in 0..<columns.taps where across[column * columns.taps + v] >= 0 {
              let pixel =
                (down[row * rows.taps + u] * width + across[column * columns.taps + v]) * channels
              for input in 0..<channels {
                let (panel, lane) = input.quotientAndRemainder(dividingBy: panelColumns)
                let tap = ((panel * rows.taps + u) * columns.taps + v) * depth
                for o in 0..<depth {
                  sums[pixel + input] +=
                    Double(y[seed + o]) * Double(w[(tap + o) * panelColumns + lane])
                }
              }
            }
          }
        }
      }
      for (index, sum) in sums.enumerated() { x[image * sums.count + index] = R(sum) }
    }
  }
}
