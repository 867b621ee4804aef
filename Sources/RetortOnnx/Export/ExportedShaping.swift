import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortText

// Operations that move elements. Keys carry their two words as a last axis, so axes count from the
// front.

extension Fill: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(
      node.results[0],
      broadcastFrom: .init(name: e.scalar(value, type), extents: type == .key ? [2] : []))
  }
}

extension Constant: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let tensor = HostTensor([numbers.values.count], numbers.values).converted(to: type)
    e.define(node.results[0], as: e.constant(tensor.reshaped(Shape(shape))))
  }
}

extension Iota: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let shape = e.type(of: node.results[0]).shape
    let axis = shape.normalised(axis)!
    let line = (0..<shape[axis]).map(Double.init)
    let extents = shape.extents.indices.map { $0 == axis ? shape[axis] : 1 }
    let tensor = HostTensor([line.count], line).converted(to: type).reshaped(Shape(extents))
    e.define(
      node.results[0], broadcastFrom: .init(name: e.constant(tensor, "iota"), extents: extents))
  }
}

extension Broadcast: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(node.results[0], broadcastFrom: e.narrow(node.operands[0]))
  }
}

extension Reshape: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    // A repeated number stays one, whatever its shape.
    let narrow = e.narrow(node.operands[0])
    if narrow.extents.allSatisfy({ $0 == 1 }), e.type(of: node.operands[0]).element != .key {
      let scalar =
        narrow.extents.isEmpty
        ? narrow.name : e.reshape(narrow.name, [])
      e.define(node.results[0], broadcastFrom: .init(name: scalar, extents: []))
      return
    }
    e.define(node.results[0], reshaping: e.whole(node.operands[0]))
  }
}

extension Transpose: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let x = node.operands[0]
    var axes = permutation.map { e.type(of: x).shape.normalised($0)! }
    if e.type(of: x).element == .key { axes.append(axes.count) }
    e.define(node.results[0], "Transpose", [e.whole(x)], [OnnxAttribute("perm", axes)])
  }
}

extension Slice: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.defineSlice(
      node, axes, from: start, to: stop, by: step.isEmpty ? axes.map { _ in 1 } : step)
  }
}

extension OnnxEmitter {
  /// Defines a node's result by elements of its operand along some axes.
  fileprivate mutating func defineSlice(
    _ node: Node, _ axes: [Int], from start: [Int], to stop: [Int], by step: [Int]
  ) {
    let x = node.operands[0]
    guard !axes.isEmpty else {
      define(node.results[0], "Identity", [whole(x)])
      return
    }
    let counted = axes.map { type(of: x).shape.normalised($0)! }
    define(
      node.results[0], "Slice",
      [whole(x), integers(start), integers(stop), integers(counted), integers(step)])
  }
}

extension Pad: OnnxExportable {
  /// Elements in between come from an axis behind each, padded and folded in.
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let x = node.operands[0]
    let type = e.type(of: x)
    let counted = axes.map { type.shape.normalised($0)! }
    var extents = type.onnxExtents
    var name = e.whole(x)
    let filler =
      type.element == .key
      ? e.constant(HostTensor(zeros: TensorType(.u32, [])), "scalar")
      : e.scalar(value, type.element)
    for (axis, between) in zip(counted, interior) where between > 0 && extents[axis] > 1 {
      let split = extents[...axis] + [1] + extents[(axis + 1)...]
      name = e.reshape(name, Array(split))
      name = e.pad(name, split.count, [(axis + 1, 0, between)], filler)
      let folded = extents[axis] * (between + 1)
      extents[axis] = folded - between
      name = e.reshape(name, Array(extents[..<axis] + [folded] + extents[(axis + 1)...]))
      name = e.add(
        "Slice", [name, e.integers([0]), e.integers([extents[axis]]), e.integers([axis])])
    }
    let edges = counted.indices.map { (counted[$0], low[$0], high[$0]) }
    e.define(node.results[0], as: e.pad(name, extents.count, edges, filler))
  }
}

extension OnnxEmitter {
  /// Elements of `filler` before and behind, along some axes.
  fileprivate mutating func pad(
    _ name: String, _ rank: Int, _ edges: [(axis: Int, low: Int, high: Int)], _ filler: String
  ) -> String {
    var pads = [Int](repeating: 0, count: 2 * rank)
    for edge in edges {
      pads[edge.axis] = edge.low
      pads[rank + edge.axis] = edge.high
    }
    return add("Pad", [name, integers(pads), filler])
  }
}

extension Reverse: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    // From the last element to before the first; the least number is cut to that.
    let backwards = axes.map { _ in -1 }
    e.defineSlice(
      node, axes, from: backwards, to: axes.map { _ in -0x7fff_ffff }, by: backwards)
  }
}

extension Concatenate: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let axis = e.type(of: node.results[0]).shape.normalised(axis)!
    e.define(
      node.results[0], "Concat", node.operands.map { e.whole($0) },
      [OnnxAttribute("axis", axis)])
  }
}

extension OnnxEmitter {
  /// Indices cut to those that exist, as `gather` and `scatter_add` read them.
  fileprivate mutating func indices(_ value: Value, extent: Int) -> String {
    let element = type(of: value).element
    let least = add("Max", [whole(value), scalar(0, element)])
    return add("Min", [least, scalar(Double(max(extent - 1, 0)), element)])
  }
}

extension Gather: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let x = node.operands[0]
    let shape = e.type(of: x).shape
    let axis = shape.normalised(axis)!
    e.define(
      node.results[0], "Gather",
      [e.whole(x), e.indices(node.operands[1], extent: shape[axis])],
      [OnnxAttribute("axis", axis)])
  }
}

extension ScatterAdd: OnnxExportable {
  /// Indices and updates are flattened to `[outer, count, inner]`, which `ScatterElements` adds to
  /// zeros.
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let result = e.type(of: node.results[0])
    let axis = result.shape.normalised(axis)!
    let split = AxisSplit(result.shape, axis: axis)
    let count = e.type(of: node.operands[1]).elementCount
    let updates = [split.outerCount, count, split.innerCount]
    let column = e.reshape(e.indices(node.operands[1], extent: extent), [1, count, 1])
    let places = e.add("Expand", [column, e.integers(updates)])
    let values = e.reshape(e.whole(node.operands[0]), updates)
    let zeros = e.add(
      "Expand",
      [
        e.scalar(0, result.element),
        e.integers([split.outerCount, split.extent, split.innerCount]),
      ])
    let sums = e.add(
      "ScatterElements", [zeros, places, values],
      [OnnxAttribute("axis", 1), OnnxAttribute("reduction", "add")])
    e.define(node.results[0], reshaping: sums)
  }
}

extension OneHot: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let element = e.type(of: node.operands[0]).element
    let line = HostTensor([classes], (0..<classes).map(Double.init)).converted(to: element)
    let column = e.add("Unsqueeze", [e.whole(node.operands[0]), e.integers([-1])])
    let hits = e.add("Equal", [column, e.constant(line, "iota")])
    e.define(node.results[0], castFrom: hits)
  }
}
