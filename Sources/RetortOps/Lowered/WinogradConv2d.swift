import RetortIR
import RetortTensor

/// A 3×3 convolution of stride 1 by Winograd's minimal filtering, on channels-last images with a
/// kernel from `pack_winograd`: every `tile`×`tile` outputs are `Aᵀ [Σᵢ u[·, i] ∘ (Bᵀ dᵢ B)] A`
/// of the `(tile + 2)²` inputs `d` beneath them.
///
/// `tile` 4 takes a quarter of the direct form's products, `tile` 2 takes 4/9 of them.
///
/// Shapes: `x: [n, h, w, ci]`, `u: [(tile + 2)², ⌈channels / 16⌉, ci, 16]` → `y: [n, h + top + bottom
/// − 2, w + left + right − 2, channels]`. The reference adds up in Double and rounds once.
///
/// What is not finite in a tile's inputs meets others in the transforms: infinities may become NaN,
/// and with `tile` 4 results are NaN whose own 3×3 inputs are finite.
/// - C1: `x` and `u` are real, of one element type, of rank 4.
/// - C2: `tile` is 2 or 4; `padding` has 4 entries (or one for all) of at least 0.
/// - C3: `u` has the positions of `tile`, the panels for `channels`, and the depth of `x`.
/// - C4: the window fits the padded image.
package struct WinogradConv2d: PackedConvolution {
  package static let name = "winograd_conv2d"
  package static let summary = "3×3 convolution of channels-last images by minimal filtering"
  package static let operandNames = ["x", "u"]
  package static let attributes: [Attribute<WinogradConv2d>] = [
    Attribute("channels", \.channels, "channels of the result"),
    Attribute("tile", \.tile, "outputs of a tile along an axis, 2 or 4"),
    Attribute("padding", \.padding, "zeros around the image: top, left, bottom, right"),
  ]
  package var channels = 16
  package var tile = 4
  package var padding = [0, 0, 0, 0] { didSet { padding = padding.spread(to: 4) } }

  package init() {}
  package init(channels: Int, tile: Int, padding: [Int]) {
    self.channels = channels
    self.tile = tile
    self.padding = padding.spread(to: 4)
  }

  package static let samples = [
    Sample(WinogradConv2d(), [TensorType([1, 3, 6, 2]), TensorType([36, 1, 2, 16])]),
    Sample(
      WinogradConv2d(channels: 19, tile: 2, padding: [1]),
      [TensorType([2, 5, 4, 3]), TensorType([16, 2, 3, 16])], in: -1...1),
    Sample(
      WinogradConv2d(channels: 3, tile: 4, padding: [1, 0, 2, 1]),
      [TensorType([2, 7, 9, 5]), TensorType([36, 1, 5, 16])], in: -1...1),
  ]

  package func extents(_ operands: [TensorType]) throws(Violation) -> ConvolutionExtents {
    try Self.requireOperand(operands, 0, rank: 4)
    try Self.requireOperand(operands, 1, rank: 4)
    try require(tile == 2 || tile == 4, "C2", "takes a tile of 2 or 4, got \(tile)")
    try Sliding(padding: padding).check("C2")
    let (x, u) = (operands[0].shape, operands[1].shape)
    try Self.requirePanels(u[1], u[3], of: channels)
    try require(
      u[0] == (tile + 2) * (tile + 2) && u[2] == x[3], "C3",
      "takes \((tile + 2) * (tile + 2)) positions of \(x[3]) channels, got \(u)", operand: 1)
    guard let axes = Sliding(padding: padding).axes(height: x[1], width: x[2], kernel: [3, 3])
    else {
      throw Violation(
        "C4", "slides a kernel of 3×3 over an image of \(x[1])×\(x[2]) that is smaller",
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
    for image in 0..<e.batch {
      for top in stride(from: 0, to: e.rows.output, by: tile) {
        for left in stride(from: 0, to: e.columns.output, by: tile) {
          filter(R.self, e, operands, result, image, top, left)
        }
      }
    }
  }

  /// One tile of one image, all channels.
  private func filter<R: Real>(
    _: R.Type, _ e: ConvolutionExtents, _ operands: [TensorView], _ result: TensorView,
    _ image: Int, _ top: Int, _ left: Int
  ) {
    let transform = WinogradTransform.of(tile: tile)
    let (u, y) = (operands[1].elements(R.self), result.elements(R.self))
    let depth = e.inputChannels
    let transformed = (0..<depth).map { channel in
      WinogradTransform.both(
        transform.input, patch(R.self, e, operands[0], image, top, left, channel))
    }
    let plane = operands[1].elementCount / (transform.points * transform.points)
    for output in 0..<channels {
      let (panel, lane) = output.quotientAndRemainder(dividingBy: panelColumns)
      var sums = [Double](repeating: 0, count: transform.points * transform.points)
      for i in 0..<depth {
        let index = (panel * depth + i) * panelColumns + lane
        for position in sums.indices {
          sums[position] += Double(u[position * plane + index]) * transformed[i][position]
        }
      }
      let values = WinogradTransform.both(transform.output, sums)
      for row in 0..<min(tile, e.rows.output - top) {
        for column in 0..<min(tile, e.columns.output - left) {
          let line = image * e.rows.output + top + row
          let pixel = line * e.columns.output + left + column
          y[pixel * channels + output] = R(values[row * tile + column])
        }
      }
    }
  }

  /// The inputs beneath a tile, zeros in the padding.
  private func patch<R: Real>(
    _: R.Type, _ e: ConvolutionExtents, _ x: TensorView, _ image: Int, _ top: Int, _ left: Int,
    _ channel: Int
  ) -> [Double] {
    let source = x.elements(R.self)
    var values: [Double] = []
    for i in 0..<tile + 2 {
      for j in 0..<tile + 2 {
        let (row, column) = (top + i - e.rows.before, left + j - e.columns.before)
        let isInside =
          row >= 0 && row < e.rows.input && column >= 0 && column < e.columns.input
        let pixel = (image * e.rows.input + row) * e.columns.input + column
        values.append(isInside ? Double(source[pixel * e.inputChannels + channel]) : 0)
      }
    }
    return values
  }
}
