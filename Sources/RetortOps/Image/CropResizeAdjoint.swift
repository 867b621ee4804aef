import RetortIR
import RetortTensor

/// The adjoint of `crop_resize` in its images: each `dy` goes to the four pixels that it was
/// interpolated from, by their weights; pixels outside the box are zero.
///
/// Shapes: `dy: [n, c, oh, ow]`, `boxes: [n, 4]` → `dx: [n, c, height, width]`. No gradient flows
/// to the boxes, as in `crop_resize`.
/// - C1: `dy` is real and of rank 4, and its images have pixels.
/// - C2: `boxes` is real, `[n, 4]`.
/// - C3: `height` and `width` are from 1 to 2³¹.
package struct CropResizeAdjoint: TensorOp {
  package static let name = "crop_resize_adjoint"
  package static let summary = "the adjoint of crop_resize in the images"
  package static let operandNames = ["dy", "boxes"]
  package static let attributes: [Attribute<CropResizeAdjoint>] = [
    Attribute("height", \.height, required: true, "rows of the images that were cropped"),
    Attribute("width", \.width, required: true, "columns of the images that were cropped"),
  ]
  package var height: Int
  package var width: Int

  package init() { self.init(height: 1, width: 1) }

  package init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  package static let samples = CropResize.sampleCrops.map { image, boxes, height, width in
    Sample(
      CropResizeAdjoint(height: image.shape[2], width: image.shape[3]),
      [
        Sample.Operand(
          image.with([image.shape[0], image.shape[1], height, width]),
          .uniform(-2...2, avoiding: [], margin: 0)),
        Sample.Operand(TensorType([image.shape[0], 4]), .literal(boxes)),
      ])
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let dy = operands[0]
    try require(
      dy.element.isReal && dy.rank == 4 && dy.shape[2] > 0 && dy.shape[3] > 0, "C1",
      "takes real images with pixels as 'dy', got \(dy)", operand: 0)
    try operands[1].requireBoxes(count: dy.shape[0])
    try [height, width].requireWindow("height, width", count: 2, atLeast: 1, "C3")
    return [dy.with([dy.shape[0], dy.shape[1], height, width])]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let (dy, boxes) = (primal.inputs[0], primal.inputs[1])
    let crop = b.shape(of: dy)
    return [
      primal.wanted[0]
        ? b.cropResize(primal.seed, boxes, height: crop[2], width: crop[3]) : nil,
      nil,
    ]
  }

  /// Four multiply-adds and three products for each cotangent.
  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    Cost.moving(operands, results, flops: 11 * operands[0].elementCount)
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let boxes = CropBox.read(operands[1], height: height, width: width)
    switch operands[0].type.element {
    case .f64: run(Double.self, operands[0], boxes, results[0])
    default: run(Float.self, operands[0], boxes, results[0])
    }
  }

  private func run<R: Real>(
    _: R.Type, _ operand: TensorView, _ boxes: [CropBox], _ result: TensorView
  ) {
    let (dy, dx) = (operand.elements(R.self), result.elements(R.self))
    let source = operand.shape
    dx.update(repeating: 0)
    var position = 0
    for (image, box) in boxes.enumerated() {
      let (rows, columns) = (box.rows.taps(output: source[2]), box.columns.taps(output: source[3]))
      for channel in 0..<source[1] {
        let plane = (image * source[1] + channel) * height * width
        for row in rows {
          let (upper, lower) = (plane + row.low * width, plane + row.high * width)
          let down = R(row.weight)
          for column in columns {
            let across = R(column.weight)
            let (above, below) = ((1 - down) * dy[position], down * dy[position])
            dx[upper + column.low] += (1 - across) * above
            dx[upper + column.high] += across * above
            dx[lower + column.low] += (1 - across) * below
            dx[lower + column.high] += across * below
            position += 1
          }
        }
      }
    }
  }
}

extension GraphBuilder {
  /// `crop_resize_adjoint(dy, boxes, height: height, width: width)`
  package mutating func cropResizeAdjoint(
    _ dy: Value, _ boxes: Value, height: Int, width: Int
  ) -> Value {
    add(CropResizeAdjoint(height: height, width: width), [dy, boxes])
  }
}
