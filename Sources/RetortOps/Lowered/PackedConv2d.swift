import RetortIR
import RetortTensor

/// `conv2d` of channels-last images with a kernel from `pack_kernel`:
/// `y[n, r, c, o] = Σ x[n, r·s − p + u·d, …, i] · w[⌊o / 16⌋, u, v, i, o mod 16]`.
///
/// Shapes: `x: [n, h, w, ci]`, `w: [⌈channels / 16⌉, kh, kw, ci, 16]` → `y: [n, oh, ow, channels]`.
/// The reference adds up in Double and rounds once.
/// - C1: `x` and `w` are real, of one element type, of ranks 4 and 5.
/// - C2: as C2 of `conv2d`.
/// - C3: `w` has the panels for `channels`, at least one tap, and the depth of `x`.
/// - C4: the window fits the padded image.
package struct PackedConv2d: PackedConvolution {
  package static let name = "packed_conv2d"
  package static let summary = "convolution of channels-last images with a packed kernel"
  package static let operandNames = ["x", "w"]
  package static let attributes: [Attribute<PackedConv2d>] = [
    Attribute("channels", \.channels, "channels of the result"),
    Attribute("stride", \.sliding.stride, "vertical and horizontal step of the window"),
    Attribute("padding", \.sliding.padding, "zeros around the image: top, left, bottom, right"),
    Attribute("dilation", \.sliding.dilation, "vertical and horizontal distance of the taps"),
  ]
  package var channels = 16
  package var sliding = Sliding()

  package init() {}
  package init(channels: Int, _ sliding: Sliding) {
    self.channels = channels
    self.sliding = sliding
  }

  package static let samples = [
    Sample(PackedConv2d(), [TensorType([2, 3, 3, 2]), TensorType([1, 2, 3, 2, 16])]),
    Sample(
      PackedConv2d(channels: 19, Sliding(stride: [2, 1], padding: [1, 0, 2, 1])),
      [TensorType([1, 5, 4, 3]), TensorType([2, 3, 3, 3, 16])]),
    Sample(
      PackedConv2d(channels: 3, Sliding(padding: [2], dilation: [2, 1])),
      [TensorType([3, 4, 5, 17]), TensorType([1, 2, 3, 17, 16])]),
  ]

  package func extents(_ operands: [TensorType]) throws(Violation) -> ConvolutionExtents {
    try Self.requireOperand(operands, 0, rank: 4)
    try Self.requireOperand(operands, 1, rank: 5)
    try sliding.check("C2")
    let (x, w) = (operands[0].shape, operands[1].shape)
    try Self.requirePanels(w[0], w[4], of: channels)
    try require(
      w[1] > 0 && w[2] > 0 && w[3] == x[3], "C3",
      "takes a kernel of taps by \(x[3]) channels, got \(w)", operand: 1)
    guard let axes = sliding.axes(height: x[1], width: x[2], kernel: [w[1], w[2]]) else {
      throw Violation(
        "C4", "slides a kernel of \(w[1])×\(w[2]) over an image of \(x[1])×\(x[2]) that is smaller",
        operand: 0)
    }
    return ConvolutionExtents(
      batch: x[0], inputChannels: x[3], outputChannels: channels, groups: 1, rows: axes.rows,
      columns: axes.columns)
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    [operands[0].with(try extents(operands).outputShapeLast)]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    Self.withReals(
      operands, { run(Float.self, operands, results[0]) },
      { run(Double.self, operands, results[0]) })
  }

  private func run<R: Real>(_: R.Type, _ operands: [TensorView], _ result: TensorView) {
    let e = acceptedExtents(operands.map(\.type))
    let (x, w, y) = (
      operands[0].elements(R.self), operands[1].elements(R.self), result.elements(R.self)
    )
    let (rows, columns, depth) = (e.rows, e.columns, e.inputChannels)
    let (down, across) = (rows.inputIndices, columns.inputIndices)
    var target = 0
    for image in 0..<e.batch {
      for row in 0..<rows.output {
        for column in 0..<columns.output {
          for output in 0..<channels {
            let (panel, lane) = output.quotientAndRemainder(dividingBy: panelColumns)
            var sum = 0.0
            for u in 0..<rows.taps where down[row * rows.taps + u] >= 0 {
              for v in 0..<columns.taps where across[column * columns.taps + v] >= 0 {
                let line = image * rows.input + down[row * rows.taps + u]
                let pixel = (line * columns.input + across[column * columns.taps + v]) * depth
                let tap = ((panel * rows.taps + u) * columns.taps + v) * depth
                for i in 0..<depth {
                  sum += Double(x[pixel + i]) * Double(w[(tap + i) * panelColumns + lane])
                }
              }
            }
            y[target] = R(sum)
            target += 1
          }
        }
      }
    }
  }
}
