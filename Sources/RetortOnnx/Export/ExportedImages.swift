import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortText

// A bilinear resize of a crop is a matrix for each axis: row `o` holds the weights with which the
// source's positions make output `o` (`CropAxis`). The matrices come from the boxes, in `double`,
// as the operation itself computes them; then images are multiplied from both sides.

extension OnnxEmitter {
  /// `[n, 1, output, source]` of the element type: the weights of one axis of each image's box.
  ///
  /// - Parameters:
  ///   - boxes: `[n, 4]`, double.
  ///   - start: the column with the box's start; its extent stands two further.
  fileprivate mutating func cropMatrix(
    _ boxes: String, start: Int, source: Int, output: Int, _ element: ElementType
  ) -> String {
    func column(_ e: inout OnnxEmitter, _ index: Int) -> String {
      e.add("Slice", [boxes, e.integers([index]), e.integers([index + 1]), e.integers([1])])
    }
    func wholeNumber(_ e: inout OnnxEmitter, _ x: String) -> String {
      // Towards zero. `Cast` would leave large numbers open; a crop is cut to the image anyway.
      let limit = 0x1p31
      let known = e.add("Where", [e.add("IsNaN", [x]), e.scalar(0, .f64), x])
      let low = e.add("Max", [known, e.scalar(-limit, .f64)])
      return e.cast(e.add("Min", [low, e.scalar(limit, .f64)]), to: .i64)
    }
    func clamp(_ e: inout OnnxEmitter, _ x: String, _ low: String, _ high: String) -> String {
      // As max(low, min(high, x)).
      e.add("Max", [low, e.add("Min", [high, x])])
    }
    // [n, 1], int64
    let first = wholeNumber(&self, column(&self, start))
    let begin = clamp(&self, first, scalar(0, .i64), scalar(Double(source - 1), .i64))
    let claimed = wholeNumber(&self, column(&self, start + 2))
    let room = add("Sub", [scalar(Double(source), .i64), begin])
    let extent = clamp(&self, claimed, scalar(1, .i64), room)
    // [n, output], double: max((o + ½) · extent / output − ½, 0)
    let scale = add("Div", [cast(extent, to: .f64), scalar(Double(output), .f64)])
    let centres = constant(HostTensor([output], (0..<output).map { Double($0) + 0.5 }), "centres")
    let raw = add("Sub", [add("Mul", [centres, scale]), scalar(0.5, .f64)])
    let place = add("Max", [raw, scalar(0, .f64)])
    let last = add("Sub", [extent, scalar(1, .i64)])
    let low = add("Min", [cast(place, to: .i64), last])
    let high = add("Min", [add("Add", [low, scalar(1, .i64)]), last])
    let weight = add("Sub", [place, cast(low, to: .f64)])
    // [n, output, source]
    let positions = constant(HostTensor([source], (0..<source).map(Int64.init)), "positions")
    func hits(_ e: inout OnnxEmitter, _ tap: String) -> String {
      let absolute = e.add("Add", [tap, begin])
      let column = e.add("Unsqueeze", [absolute, e.integers([2])])
      return e.cast(e.add("Equal", [column, positions]), to: element)
    }
    let across = add("Unsqueeze", [cast(weight, to: element), integers([2])])
    let rest = add("Sub", [scalar(1, element), across])
    let near = add("Mul", [hits(&self, low), rest])
    let far = add("Mul", [hits(&self, high), across])
    return add("Unsqueeze", [add("Add", [near, far]), integers([1])])
  }

  fileprivate mutating func doubleBoxes(_ boxes: Value) -> String {
    let name = whole(boxes)
    return type(of: boxes).element == .f64 ? name : cast(name, to: .f64)
  }
}

extension CropResize: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let image = e.type(of: node.operands[0])
    let boxes = e.doubleBoxes(node.operands[1])
    let rows = e.cropMatrix(
      boxes, start: 0, source: image.shape[2], output: height, image.element)
    let columns = e.cropMatrix(
      boxes, start: 1, source: image.shape[3], output: width, image.element)
    let turned = e.add("Transpose", [columns], [OnnxAttribute("perm", [0, 1, 3, 2])])
    let across = e.add("MatMul", [e.whole(node.operands[0]), turned])
    e.define(node.results[0], "MatMul", [rows, across])
  }
}

extension CropResizeAdjoint: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let crop = e.type(of: node.operands[0])
    let boxes = e.doubleBoxes(node.operands[1])
    let rows = e.cropMatrix(
      boxes, start: 0, source: height, output: crop.shape[2], crop.element)
    let columns = e.cropMatrix(
      boxes, start: 1, source: width, output: crop.shape[3], crop.element)
    let turned = e.add("Transpose", [rows], [OnnxAttribute("perm", [0, 1, 3, 2])])
    let across = e.add("MatMul", [e.whole(node.operands[0]), columns])
    e.define(node.results[0], "MatMul", [turned, across])
  }
}
