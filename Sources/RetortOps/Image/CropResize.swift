import RetortIR
import RetortTensor

/// Cuts a box out of each image and resizes it bilinearly, with half-pixel centres, without
/// antialiasing and without reading outside the box (`CropAxis` has the formula).
///
/// Shapes: `x: [n, c, h, w]`, `boxes: [n, 4]` (top, left, height, width in pixels) →
/// `y: [n, c, height, width]`. Boxes are cut to whole pixels inside the image, so `y` is piecewise
/// constant in them and no gradient flows there.
/// - C1: `x` is real and of rank 4, and its images have pixels.
/// - C2: `boxes` is real, `[n, 4]`.
/// - C3: `height` and `width` are from 1 to 2³¹.
///
/// Source: the resize of torchvision's `RandomResizedCrop` on tensors, version 0.8.1.
package struct CropResize: TensorOp {
  package static let name = "crop_resize"
  package static let summary = "a box of each image, resized bilinearly"
  package static let operandNames = ["x", "boxes"]
  package static let attributes: [Attribute<CropResize>] = [
    Attribute("height", \.height, required: true, "rows of the result"),
    Attribute("width", \.width, required: true, "columns of the result"),
  ]
  package var height: Int
  package var width: Int

  package init() { self.init(height: 1, width: 1) }

  package init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  package static let samples = sampleCrops.map { image, boxes, height, width in
    Sample(
      CropResize(height: height, width: width),
      [
        Sample.Operand(image, .uniform(-2...2, avoiding: [], margin: 0)),
        Sample.Operand(TensorType([image.shape[0], 4]), .literal(boxes)),
      ])
  }

  /// Images, boxes and the extents of the result that the samples are made of.
  static let sampleCrops: [(TensorType, boxes: [Double], height: Int, width: Int)] = [
    (TensorType([2, 3, 7, 6]), [1, 2, 5, 3, 0, 0, 7, 6], 4, 5),
    (TensorType([1, 2, 5, 5]), [3, 1, 1, 2], 3, 7),
    (TensorType([1, 1, 1, 9]), [0, 4, 1, 5], 1, 1),
    (TensorType([3, 1, 4, 4]), [-2, 3, 9, 2, 2, 2, 0, 0, 1, 1, 2, 3], 5, 3),
  ]

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    try require(
      x.element.isReal && x.rank == 4 && x.shape[2] > 0 && x.shape[3] > 0, "C1",
      "takes real images with pixels as 'x', got \(x)", operand: 0)
    try operands[1].requireBoxes(count: x.shape[0])
    try [height, width].requireWindow("height, width", count: 2, atLeast: 1, "C3")
    return [x.with([x.shape[0], x.shape[1], height, width])]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let (x, boxes) = (primal.inputs[0], primal.inputs[1])
    let image = b.shape(of: x)
    return [
      primal.wanted[0]
        ? b.cropResizeAdjoint(primal.seed, boxes, height: image[2], width: image[3]) : nil,
      nil,
    ]
  }

  /// Three interpolations of three operations for each pixel.
  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    Cost.moving(operands, results, flops: 9 * results[0].elementCount)
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let (source, target) = (operands[0].shape, results[0].shape)
    let boxes = CropBox.read(operands[1], height: source[2], width: source[3])
    switch operands[0].type.element {
    case .f64: Self.run(Double.self, operands[0], boxes, target, results[0])
    default: Self.run(Float.self, operands[0], boxes, target, results[0])
    }
  }

  private static func run<R: Real>(
    _: R.Type, _ operand: TensorView, _ boxes: [CropBox], _ target: Shape, _ result: TensorView
  ) {
    let (x, y) = (operand.elements(R.self), result.elements(R.self))
    let (height, width) = (operand.shape[2], operand.shape[3])
    var position = 0
    for (image, box) in boxes.enumerated() {
      let (rows, columns) = (box.rows.taps(output: target[2]), box.columns.taps(output: target[3]))
      for channel in 0..<target[1] {
        let plane = (image * target[1] + channel) * height * width
        for row in rows {
          let (upper, lower) = (plane + row.low * width, plane + row.high * width)
          let down = R(row.weight)
          for column in columns {
            let across = R(column.weight)
            let above = (1 - across) * x[upper + column.low] + across * x[upper + column.high]
            let below = (1 - across) * x[lower + column.low] + across * x[lower + column.high]
            y[position] = (1 - down) * above + down * below
            position += 1
          }
        }
      }
    }
  }
}

extension GraphBuilder {
  /// `crop_resize(x, boxes, height: height, width: width)`
  package mutating func cropResize(
    _ x: Value, _ boxes: Value, height: Int, width: Int
  ) -> Value {
    add(CropResize(height: height, width: width), [x, boxes])
  }
}
