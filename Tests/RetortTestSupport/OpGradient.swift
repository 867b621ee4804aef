import RetortIR
import RetortTensor

/// The gradient rule of one operation as a graph: inputs are the operands and then one cotangent
/// for each real result, outputs the operands' cotangents.
package struct OpGradient {
  package let graph: Graph
  /// Which operand each output belongs to.
  package let targets: [Int]
  /// The results that have a cotangent among the inputs.
  package let seeded: [Int]

  /// - Parameter wanted: the operands whose cotangents are asked for; all real ones without it.
  package init(
    of op: any TensorOp, _ operands: [TensorType], wanted: [Int]? = nil
  ) throws(Violation) {
    var b = GraphBuilder(name: "gradient")
    let inputs = operands.enumerated().map { b.input("x\($0)", $1) }
    let outputs = try b.append(op, inputs)
    seeded = outputs.indices.filter { b.type(of: outputs[$0]).element.isReal }
    var seeds = [Value?](repeating: nil, count: outputs.count)
    for i in seeded { seeds[i] = b.input("dy\(i)", b.type(of: outputs[i])) }
    let asked = wanted ?? operands.indices.filter { operands[$0].element.isReal }
    let cotangents = op.gradient(
      &b,
      Primal(
        inputs: inputs, outputs: outputs, seeds: seeds,
        wanted: operands.indices.map(asked.contains)))
    precondition(cotangents.count == operands.count, "one cotangent an operand, or nil")
    targets = asked.filter { cotangents[$0] != nil }
    graph = b.finish(
      outputs: targets.map { GraphOutput(value: cotangents[$0]!, name: "dx\($0)") })
  }
}
