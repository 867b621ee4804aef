import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortText

extension OnnxEmitter {
  fileprivate mutating func defineReduction(
    _ node: Node, _ opType: String, axes: [Int], keep: Bool
  ) {
    let x = whole(node.operands[0])
    defineArithmetic(node.results[0], of: type(of: node.operands[0]).element) { e, widen in
      // Without axes ONNX means all of them; there are none to sum over.
      if axes.isEmpty { return e.add("Identity", [widen(&e, x)]) }
      return e.add(
        opType, [widen(&e, x), e.integers(axes)], [OnnxAttribute("keepdims", keep ? 1 : 0)])
    }
  }
}

extension Sum: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let reduced = e.type(of: node.operands[0]).shape.reducedAxes(axes)
    e.defineReduction(node, "ReduceSum", axes: reduced, keep: keep)
  }
}

extension Mean: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let reduced = e.type(of: node.operands[0]).shape.reducedAxes(axes)
    e.defineReduction(node, "ReduceMean", axes: reduced, keep: keep)
  }
}

extension ReduceMax: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let axis = e.type(of: node.operands[0]).shape.normalised(axis)!
    e.defineReduction(node, "ReduceMax", axes: [axis], keep: keep)
  }
}

extension ReduceMin: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let axis = e.type(of: node.operands[0]).shape.normalised(axis)!
    e.defineReduction(node, "ReduceMin", axes: [axis], keep: keep)
  }
}

extension OnnxEmitter {
  /// The place of an extreme element along an axis, the first of equal ones.
  fileprivate mutating func definePlace(_ node: Node, axis: Int, largest: Bool) {
    let operand = node.operands[0]
    let axis = type(of: operand).shape.normalised(axis)!
    let x = whole(operand)
    let place: String
    if type(of: operand).element.isReal || type(of: operand).element == .i32 {
      place = add(
        largest ? "ArgMax" : "ArgMin", [x],
        [OnnxAttribute("axis", axis), OnnxAttribute("keepdims", 0)])
    } else {
      // ONNX Runtime's ArgMax reads no int64; its TopK does, and names the first of equal ones too.
      let wide = type(of: operand).element == .u32 ? cast(x, to: .i64) : x
      let (value, column) = (fresh("extreme"), fresh("places"))
      append(
        OnnxNode(
          "TopK", name: value, inputs: [wide, integers([1])], outputs: [value, column],
          attributes: [OnnxAttribute("axis", axis), OnnxAttribute("largest", largest ? 1 : 0)]))
      place = add("Squeeze", [column, integers([axis])])
    }
    define(node.results[0], castFrom: place)
  }
}

extension ArgMax: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.definePlace(node, axis: axis, largest: true)
  }
}

extension ArgMin: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.definePlace(node, axis: axis, largest: false)
  }
}

extension TopK: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let (values, indices) = (node.results[0], node.results[1])
    let element = e.type(of: node.operands[0]).element
    let x = e.whole(node.operands[0])
    let source = element == .u32 ? e.cast(x, to: .i64) : x
    let picked = element == .u32 ? e.fresh("values") : e.outputName(of: values)
    let places = e.fresh("places")
    e.append(
      OnnxNode(
        "TopK", name: picked, inputs: [source, e.integers([k])], outputs: [picked, places],
        attributes: [OnnxAttribute("axis", -1)]))
    if element == .u32 {
      e.define(values, castFrom: picked)
    } else {
      e.define(values, as: picked)
    }
    e.define(indices, castFrom: places)
  }
}

extension Softmax: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(
      node.results[0], "Softmax", [e.whole(node.operands[0])], [OnnxAttribute("axis", axis)])
  }
}

extension LogSoftmax: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(
      node.results[0], "LogSoftmax", [e.whole(node.operands[0])], [OnnxAttribute("axis", axis)])
  }
}
