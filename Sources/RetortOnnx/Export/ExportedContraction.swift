import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortText

extension MatMul: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let a = e.matrix(node.operands[0], isTransposed: transposeA)
    let b = e.matrix(node.operands[1], isTransposed: transposeB)
    e.define(node.results[0], "MatMul", [a, b])
  }
}

extension OnnxEmitter {
  /// A value with its last two axes swapped on demand.
  fileprivate mutating func matrix(_ value: Value, isTransposed: Bool) -> String {
    let name = whole(value)
    guard isTransposed else { return name }
    let rank = rank(of: value)
    let axes = Array(0..<rank - 2) + [rank - 1, rank - 2]
    return add("Transpose", [name], [OnnxAttribute("perm", axes)])
  }
}

extension Sliding {
  fileprivate var onnxAttributes: [OnnxAttribute] {
    [
      OnnxAttribute("strides", stride), OnnxAttribute("pads", padding),
      OnnxAttribute("dilations", dilation), OnnxAttribute("group", groups),
    ]
  }
}

extension Conv2d: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(
      node.results[0], "Conv", node.operands.map { e.whole($0) }, sliding.onnxAttributes)
  }
}

extension Conv2dTranspose: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let extents = acceptedExtents(node.operands.map { e.type(of: $0) })
    e.define(
      node.results[0], "ConvTranspose", node.operands.map { e.whole($0) },
      sliding.onnxAttributes + [
        OnnxAttribute("output_padding", [extents.rows.unreached, extents.columns.unreached])
      ])
  }
}

extension WindowAxis {
  /// How many positions of the padded image lie behind the last window.
  var unreached: Int {
    input + before + after - (output - 1) * stride - Self.reach(taps: taps, dilation: dilation)
  }
}

extension Conv2dKernel: OnnxExportable {
  /// A convolution in which channels and images change places, and stride and dilation: channel by
  /// channel the images are convolved with the cotangents, whose rows lie a stride apart.
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let extents = acceptedExtents(node.operands.map { e.type(of: $0) })
    let groups = extents.groups
    let image = [extents.rows.input, extents.columns.input]
    // [n, g·ci, h, w] → [ci, g·n, h, w]
    var x = e.whole(node.operands[0])
    x = e.reshape(x, [extents.batch, groups, extents.groupInputs] + image)
    x = e.add("Transpose", [x], [OnnxAttribute("perm", [2, 1, 0, 3, 4])])
    x = e.reshape(x, [extents.groupInputs, groups * extents.batch] + image)
    // [n, co, oh, ow] → [co, n, oh, ow]
    let y = e.add(
      "Transpose", [e.whole(node.operands[1])], [OnnxAttribute("perm", [1, 0, 2, 3])])
    var kernels = e.add(
      "Conv", [x, y],
      [
        OnnxAttribute("strides", sliding.dilation), OnnxAttribute("pads", sliding.padding),
        OnnxAttribute("dilations", sliding.stride), OnnxAttribute("group", groups),
      ])
    // What the last window does not reach would be further taps.
    kernels = e.add(
      "Slice", [kernels, e.integers([0, 0]), e.integers(kernel), e.integers([2, 3])])
    e.define(
      node.results[0], "Transpose", [kernels], [OnnxAttribute("perm", [1, 0, 2, 3])])
  }
}
