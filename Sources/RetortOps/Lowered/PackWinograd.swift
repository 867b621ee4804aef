import RetortIR
import RetortTensor

/// Transforms and orders a 3×3 kernel for `winograd_conv2d`: `u[p, q, i, j]` is element `p` of
/// `G w[16·q + j, i] Gᵀ`, zero where there is no such output channel. With `swap` the roles of the
/// channels are exchanged and the taps mirrored first, for the gradient in the image.
///
/// Shapes: `w: [co, ci, 3, 3]` → `u: [(tile + 2)², ⌈co / 16⌉, ci, 16]`.
/// The reference computes in Double and rounds once.
/// - C1: `w` is real, of rank 4, with 3×3 taps.
/// - C2: `tile` is 2 or 4.
package struct PackWinograd: TensorOp {
  package static let name = "pack_winograd"
  package static let summary = "transforms a 3×3 kernel for winograd_conv2d"
  package static let operandNames = ["w"]
  package static let attributes: [Attribute<PackWinograd>] = [
    Attribute("tile", \.tile, "outputs of a tile along an axis, 2 or 4"),
    Attribute("swap", \.swap, "whether the panels hold input channels and taps are mirrored"),
  ]
  package var tile = 4
  package var swap = false

  package init() {}
  package init(tile: Int, swap: Bool) {
    self.tile = tile
    self.swap = swap
  }

  package static let differentiability = Differentiability.none(
    reason: "convolutions are lowered after gradients were taken")
  package static let samples = [
    Sample(PackWinograd(), [TensorType([18, 3, 3, 3])]),
    Sample(PackWinograd(tile: 2, swap: true), [TensorType([5, 17, 3, 3])]),
    Sample(PackWinograd(tile: 4, swap: true), [TensorType([2, 3, 3, 3])]),
  ]

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let w = operands[0]
    try require(
      w.element.isReal && w.rank == 4 && w.shape[2] == 3 && w.shape[3] == 3, "C1",
      "takes a real tensor [co, ci, 3, 3], got \(w)", operand: 0)
    try require(tile == 2 || tile == 4, "C2", "takes a tile of 2 or 4, got \(tile)")
    let (columns, depth) = swap ? (w.shape[1], w.shape[0]) : (w.shape[0], w.shape[1])
    let panels = (columns + panelColumns - 1) / panelColumns
    return [w.with([(tile + 2) * (tile + 2), panels, depth, panelColumns])]
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    Cost.moving(operands, results, flops: 2 * results[0].elementCount * 9)
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    Self.withReals(
      operands, { run(Float.self, operands[0], results[0]) },
      { run(Double.self, operands[0], results[0]) })
  }

  private func run<R: Real>(_: R.Type, _ w: TensorView, _ u: TensorView) {
    let (source, target) = (w.elements(R.self), u.elements(R.self))
    let (co, ci) = (w.shape[0], w.shape[1])
    let transform = WinogradTransform.of(tile: tile)
    let (columns, depth) = swap ? (ci, co) : (co, ci)
    let plane = u.shape[1] * depth * panelColumns
    for index in 0..<plane {
      let (row, lane) = index.quotientAndRemainder(dividingBy: panelColumns)
      let (panel, inner) = row.quotientAndRemainder(dividingBy: depth)
      let column = panel * panelColumns + lane
      let (o, i) = swap ? (inner, column) : (column, inner)
      var taps = [Double](repeating: 0, count: 9)
      if column < columns {
        for tap in 0..<9 {
          taps[swap ? 8 - tap : tap] = Double(source[(o * ci + i) * 9 + tap])
        }
      }
      for (position, value) in WinogradTransform.both(transform.kernel, taps).enumerated() {
        target[position * plane + index] = R(value)
      }
    }
  }
}
