import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortText

extension OnnxEmitter {
  /// Defines a value by an operator on operands that ONNX Runtime has no `uint32` form of.
  fileprivate mutating func defineWide(
    _ value: Value, from operand: Value, _ compute: (inout OnnxEmitter, String) -> String
  ) {
    let element = type(of: operand).element
    let x = whole(operand)
    if element == .u32 {
      let wide = compute(&self, cast(x, to: .i64))
      define(value, "Cast", [wide], [OnnxAttribute("to", OnnxElement(.u32).rawValue)])
    } else {
      let result = compute(&self, x)
      renameLast(result, to: outputName(of: value))
      define(value, as: lastOutput)
    }
  }

  fileprivate mutating func reduce(
    _ opType: String, _ x: String, axes: [Int], keep: Bool
  ) -> String {
    // Without axes ONNX means all of them; there are none to sum over.
    if axes.isEmpty { return add("Identity", [x]) }
    return add(opType, [x, integers(axes)], [OnnxAttribute("keepdims", keep ? 1 : 0)])
  }
}

extension Sum: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let reduced = e.type(of: node.operands[0]).shape.reducedAxes(axes)
    e.defineWide(node.results[0], from: node.operands[0]) { e, x in
      e.reduce("ReduceSum", x, axes: reduced, keep: keep)
    }
  }
}

extension Mean: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let reduced = e.type(of: node.operands[0]).shape.reducedAxes(axes)
    e.defineWide(node.results[0], from: node.operands[0]) { e, x in
      e.reduce("ReduceMean", x, axes: reduced, keep: keep)
    }
  }
}

extension ReduceMax: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let axis = e.type(of: node.operands[0]).shape.normalised(axis)!
    e.defineWide(node.results[0], from: node.operands[0]) { e, x in
      e.reduce("ReduceMax", x, axes: [axis], keep: keep)
    }
  }
}

extension ReduceMin: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let axis = e.type(of: node.operands[0]).shape.normalised(axis)!
    e.defineWide(node.results[0], from: node.operands[0]) { e, x in
      e.reduce("ReduceMin", x, axes: [axis], keep: keep)
    }
  }
}

extension OnnxEmitter {
  /// The place of an extreme element along an axis, the first of equal ones.
  fileprivate mutating func definePlace(
    _ value: Value, _ opType: String, of operand: Value, axis: Int
  ) {
    let axis = type(of: operand).shape.normalised(axis)!
    var x = whole(operand)
    if type(of: operand).element == .u32 { x = cast(x, to: .i64) }
    // ONNX Runtime's ArgMax reads no int64.
    if type(of: operand).element == .i64 || type(of: operand).element == .u32 {
      x = cast(x, to: .f64)
    }
    let place = add(opType, [x], [OnnxAttribute("axis", axis), OnnxAttribute("keepdims", 0)])
    define(
      value, "Cast", [place], [OnnxAttribute("to", OnnxElement(type(of: value).element).rawValue)])
  }
}

extension ArgMax: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.definePlace(node.results[0], "ArgMax", of: node.operands[0], axis: axis)
  }
}

extension ArgMin: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.definePlace(node.results[0], "ArgMin", of: node.operands[0], axis: axis)
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
      e.define(values, "Cast", [picked], [OnnxAttribute("to", OnnxElement(.u32).rawValue)])
    } else {
      e.define(values, as: picked)
    }
    e.define(indices, "Cast", [places], [OnnxAttribute("to", OnnxElement(.i32).rawValue)])
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
