import RetortTensor
import RetortTestSupport

/// Evaluates a graph written in a test, in f64 by the operations' references.
func evaluate(
  _ text: String, _ inputs: [String: HostTensor] = [:], weights: [String: HostTensor] = [:],
  set values: [String: String] = [:]
) throws -> [String: [Double]] {
  let graph = try TestDefinition(text: text).graph(
    set: values, inputs: inputs)
  return try graph.interpreted(inputs, weights: weights).outputs.mapValues(\.doubles)
}

/// `scale · U[shape; offset] + shift`, DEFENCE 8's inputs.
func u(_ shape: Shape, offset: Int = 0, scale: Double = 1, shift: Double = 0) -> HostTensor {
  HostTensor(
    shape, HostTensor.acceptance(shape, offset: offset).doubles.map { scale * $0 + shift })
}

/// Sum of absolute values.
func magnitude(_ values: [Double]) -> Double { values.reduce(0) { $0 + abs($1) } }

func sum(_ values: [Double]) -> Double { values.reduce(0, +) }
