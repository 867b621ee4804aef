import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortText

extension PoolWindow {
  fileprivate var steps: [Int] { stride.isEmpty ? taps : stride }

  fileprivate var onnxAttributes: [OnnxAttribute] {
    [
      OnnxAttribute("kernel_shape", taps), OnnxAttribute("strides", steps),
      OnnxAttribute("pads", padding),
    ]
  }
}

extension MaxPool2d: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(node.results[0], "MaxPool", [e.whole(node.operands[0])], window.onnxAttributes)
  }
}

extension OnnxEmitter {
  /// Where the maxima of the windows lie, as numbers of elements of the whole tensor, in a vector.
  fileprivate mutating func places(_ x: Value, _ window: PoolWindow) -> String {
    let (values, places) = (fresh("maxpool"), fresh("places"))
    append(
      OnnxNode(
        "MaxPool", name: values, inputs: [whole(x)], outputs: [values, places],
        attributes: window.onnxAttributes))
    return reshape(places, [-1])
  }

  fileprivate mutating func flat(_ value: Value) -> String {
    reshape(whole(value), [-1])
  }
}

extension MaxPool2dScatter: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let image = e.type(of: node.results[0])
    let zeros = e.add(
      "Expand", [e.scalar(0, image.element), e.integers([image.elementCount])])
    let sums = e.add(
      "ScatterElements",
      [zeros, e.places(node.operands[0], window), e.flat(node.operands[1])],
      [OnnxAttribute("axis", 0), OnnxAttribute("reduction", "add")])
    e.define(node.results[0], reshaping: sums)
  }
}

extension MaxPool2dGather: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let picked = e.add(
      "GatherElements", [e.flat(node.operands[1]), e.places(node.operands[0], window)],
      [OnnxAttribute("axis", 0)])
    e.define(node.results[0], reshaping: picked)
  }
}

extension AvgPool2d: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(
      node.results[0], "AveragePool", [e.whole(node.operands[0])],
      window.onnxAttributes + [OnnxAttribute("count_include_pad", countPadding ? 1 : 0)])
  }
}

extension AvgPool2dAdjoint: OnnxExportable {
  /// Cotangents by the windows' counts, then a transposed convolution of each channel with ones.
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let dy = e.type(of: node.operands[0])
    let extents = acceptedExtents([dy])
    let counts = extents.rows.insideCounts.flatMap { row in
      extents.columns.insideCounts.map { column in
        1 / Double(countPadding ? extents.tapCount : row * column)
      }
    }
    let shares = HostTensor([1, 1, extents.rows.output, extents.columns.output], counts)
      .converted(to: dy.element)
    let ones = HostTensor(
      [1, 1, extents.rows.taps, extents.columns.taps],
      [Double](repeating: 1, count: extents.tapCount)
    ).converted(to: dy.element)
    let scaled = e.add("Mul", [e.whole(node.operands[0]), e.constant(shares, "shares")])
    let planes = e.reshape(
      scaled, [extents.planeCount, 1, extents.rows.output, extents.columns.output])
    let spread = e.add(
      "ConvTranspose", [planes, e.constant(ones, "ones")],
      [
        OnnxAttribute("strides", window.steps), OnnxAttribute("pads", window.padding),
        OnnxAttribute("output_padding", [extents.rows.unreached, extents.columns.unreached]),
      ])
    e.define(node.results[0], reshaping: spread)
  }
}
