import RetortIR
import RetortTensor

/// The operands one behind the other along an axis; elements of any type.
///
/// - C1: `axis` is one of the first operand.
/// - C2: the operands have one element type.
/// - C3: their shapes differ along the axis at most.
package struct Concatenate: TensorOp {
  package static let name = "concatenate"
  package static let summary = "one behind the other along an axis"
  package static let operandNames = ["xs..."]
  package static let attributes: [Attribute<Concatenate>] = [
    Attribute("axis", \.axis, required: true, "the axis that grows")
  ]
  package static let samples = [
    Sample(Concatenate(axis: 0), [TensorType([2, 3]), TensorType([1, 3]), TensorType([4, 3])]),
    Sample(Concatenate(axis: 1), [TensorType([2, 3, 2]), TensorType([2, 1, 2])]),
    Sample(Concatenate(axis: -1), [TensorType([5]), TensorType([0])]),
    Sample(Concatenate(axis: 0), [TensorType([3])]),
    Sample(Concatenate(axis: 0), [TensorType(.key, [1]), TensorType(.key, [2])]),
    Sample(Concatenate(axis: 1), [TensorType(.bool, [2, 1]), TensorType(.bool, [2, 2])]),
  ]
  package var axis = 0

  package init() {}

  package init(axis: Int) { self.axis = axis }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    var result = operands[0]
    let axis = try checkedAxis(axis, of: result, "C1")
    var total = result.shape[axis]
    for (index, other) in operands.enumerated().dropFirst() {
      try require(
        other.element == result.element, "C2",
        "joins one element type, got \(result.element) and \(other.element)", operand: index,
        hint: "'convert' one of them")
      var shape = other.shape
      if shape.rank == result.rank { shape[axis] = result.shape[axis] }
      try require(
        shape == result.shape, "C3",
        "cannot join \(operands[0]) and \(other) along axis \(axis)", operand: index)
      total += other.shape[axis]
    }
    result.shape[axis] = total
    return [result]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let shape = b.shape(of: primal.inputs[0])
    let axis = shape.normalised(axis)!
    var start = 0
    return primal.inputs.enumerated().map { index, x in
      let stop = start + b.shape(of: x)[axis]
      defer { start = stop }
      return primal.wanted[index]
        ? b.slice(primal.seed, [axis], start: [start], stop: [stop]) : nil
    }
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    let y = results[0]
    let axis = y.shape.normalised(axis)!
    let strides = y.shape.strides
    var start = 0
    for x in operands {
      y.scatterElements(from: x, strides: strides, start: start * strides[axis])
      start += x.shape[axis]
    }
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: 0)
  }
}

extension GraphBuilder {
  package mutating func concatenate(_ xs: [Value], axis: Int) -> Value {
    add(Concatenate(axis: axis), xs)
  }
}
