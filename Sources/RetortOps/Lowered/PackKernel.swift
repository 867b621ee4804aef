import RetortIR
import RetortTensor

/// Orders a convolution kernel for `packed_conv2d`: `p[q, u, v, i, j] = w[16·q + j, i, u, v]`, zero
/// where there is no such output channel. With `swap` the roles of the channels are exchanged,
/// `p[q, u, v, o, j] = w[o, 16·q + j, u, v]`, for `packed_conv2d_transpose`.
///
/// Shapes: `w: [co, ci, kh, kw]` → `p: [⌈co / 16⌉, kh, kw, ci, 16]`.
/// - C1: `w` is real, of rank 4.
package struct PackKernel: TensorOp {
  package static let name = "pack_kernel"
  package static let summary = "orders a convolution kernel in panels of sixteen channels"
  package static let operandNames = ["w"]
  package static let attributes: [Attribute<PackKernel>] = [
    Attribute("swap", \.swap, "whether the panels hold input channels")
  ]
  package var swap = false

  package init() {}
  package init(swap: Bool) { self.swap = swap }

  package static let differentiability = Differentiability.none(
    reason: "convolutions are lowered after gradients were taken")
  package static let samples = [
    Sample(PackKernel(), [TensorType([18, 3, 3, 2])]),
    Sample(PackKernel(swap: true), [TensorType([5, 17, 1, 3])]),
  ]

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let w = operands[0]
    try require(
      w.element.isReal && w.rank == 4, "C1", "takes a real tensor of rank 4, got \(w)", operand: 0)
    let (columns, depth) = swap ? (w.shape[1], w.shape[0]) : (w.shape[0], w.shape[1])
    let panels = (columns + panelColumns - 1) / panelColumns
    return [w.with([panels, w.shape[2], w.shape[3], depth, panelColumns])]
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    Cost.moving(operands, results, flops: 0)
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    Self.withReals(
      operands, { run(Float.self, operands[0], results[0]) },
      { run(Double.self, operands[0], results[0]) })
  }

  private func run<R: Real>(_: R.Type, _ w: TensorView, _ p: TensorView) {
    let (source, target) = (w.elements(R.self), p.elements(R.self))
    let (co, ci) = (w.shape[0], w.shape[1])
    let taps = w.shape[2] * w.shape[3]
    let (columns, depth) = swap ? (ci, co) : (co, ci)
    var index = 0
    for panel in 0..<p.shape[0] {
      for tap in 0..<taps {
        for inner in 0..<depth {
          for lane in 0..<panelColumns {
            let column = panel * panelColumns + lane
            let (o, i) = swap ? (inner, column) : (column, inner)
            target[index] = column < columns ? source[(o * ci + i) * taps + tap] : 0
            index += 1
          }
        }
      }
    }
  }
}
