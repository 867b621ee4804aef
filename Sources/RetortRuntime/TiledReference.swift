import RetortIR
import RetortTensor

/// The reference of an elementwise operation, run on stretches of the flat tensors: for element
/// types and operations that no lane loop covers.
struct TiledReference: Kernel {
  private static let tile = 16_384

  private let op: any TensorOp
  private let operands: [[TensorView]]
  private let results: [[TensorView]]

  /// All tensors have the same shape.
  init(_ op: any TensorOp, _ operands: [TensorView], _ results: [TensorView]) {
    self.op = op
    let count = results[0].elementCount
    let starts = Array(stride(from: 0, to: count, by: Self.tile))
    func stretches(_ views: [TensorView]) -> [[TensorView]] {
      starts.map { start in
        views.map { view in
          let length = min(Self.tile, count - start)
          return TensorView(
            TensorType(view.type.element, [length]),
            view.base + start * view.type.element.byteCount)
        }
      }
    }
    self.operands = stretches(operands)
    self.results = stretches(results)
  }

  var tileCount: Int { results.count }

  func run(tile: Int, scratch: UnsafeMutableRawPointer) {
    op.reference(operands[tile], results[tile])
  }
}
