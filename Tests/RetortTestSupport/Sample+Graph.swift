import RetortIR
import RetortTensor

extension Sample {
  /// The operation alone: inputs `x0`, `x1`, …, outputs `y0`, `y1`, ….
  package func graph() throws -> Graph {
    var b = GraphBuilder(name: "sample")
    let inputs = operands.enumerated().map { b.input("x\($0)", $1.type) }
    let outputs = try b.append(op, inputs)
    return b.finish(
      outputs: outputs.enumerated().map { GraphOutput(value: $1, name: "y\($0)") })
  }

  /// Tensors for the inputs of ``graph()``.
  package func inputs(seed: UInt64) -> [String: HostTensor] { Self.named(tensors(seed: seed)) }

  /// The tensors with every real one in Double.
  package func wideInputs(seed: UInt64) -> [String: HostTensor] {
    Self.named(wideTensors(seed: seed))
  }

  private static func named(_ tensors: [HostTensor]) -> [String: HostTensor] {
    Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ("x\($0)", $1) })
  }
}
