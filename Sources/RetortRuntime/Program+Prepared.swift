import RetortIR
import RetortTensor
import RetortText

/// What a plan keeps, so that a program starts without preparing.
extension Program {
  /// What the `prepare` regions computed, under the values' names. Prepares if that was not done.
  package func preparedTensors() -> [(name: String, tensor: HostTensor)] {
    prepareIfNeeded()
    return preparedValues.map { value in
      (graph.name(of: value), HostTensor(copying: preparedView(value)))
    }
  }

  /// The weights in the order of their declaration.
  package func weightTensors() -> [(name: String, tensor: HostTensor)] {
    graph.inputs.filter(\.role.isWeight).compactMap { input in
      view(ofInput: input.name).map { (input.name, HostTensor(copying: $0)) }
    }
  }

  /// Takes weights and prepared values as a plan kept them. Weights that only `prepare` reads may be
  /// missing.
  ///
  /// - Throws: where a prepared value is missing or of another type.
  package func restore(
    weights: [String: HostTensor], prepared: [String: HostTensor]
  ) throws(Diagnostics) {
    for value in preparedValues {
      let name = graph.name(of: value)
      guard let tensor = prepared[name], tensor.type == graph.type(of: value) else {
        throw Diagnostics("the plan lacks the prepared value '\(name)' (\(graph.type(of: value)))")
      }
      preparedView(value).copyBytes(from: tensor)
    }
    try adopt(weights: weights)
  }

  private var preparedValues: [Value] {
    graph.body.nodes.filter { $0.op is Prepare }.flatMap(\.results)
  }

  private func preparedView(_ value: Value) -> TensorView {
    let place = layout.place(of: value)
    let base = segments[place.segment.rawValue].base + place.offset
    return TensorView(graph.type(of: value), base)
  }
}
