import RetortIR
import RetortTensor

/// What a plan keeps, so that a program starts without preparing.
extension Program {
  /// What the `prepare` regions computed, under the values' names. Prepares if that was not done.
  package func preparedTensors() -> [(name: String, tensor: HostTensor)] {
    prepareIfNeeded()
    return zip(graph.preparedValues, preparedViews).map { value, view in
      (graph.name(of: value), HostTensor(copying: view))
    }
  }

  /// The weights in the order of their declaration, without those that were released.
  package func weightTensors() -> [(name: String, tensor: HostTensor)] {
    let weights = self.weights
    return graph.inputs.filter(\.role.isWeight).compactMap { input in
      weights[input.name].map { (input.name, $0) }
    }
  }
}
