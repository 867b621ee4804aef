import RetortIR
import RetortTensor
import RetortText

/// Compares what is handed to a graph with what it declares.
enum InputCheck {
  /// The tensor, if it is there and of the input's type.
  static func accept(
    _ tensor: HostTensor?, for input: GraphInput, of graph: Graph
  ) throws(Diagnostics) -> HostTensor {
    let type = graph.type(of: input.value)
    let kind =
      switch input.role {
      case .input: "input"
      case .parameter: "parameter"
      case .buffer: "buffer"
      }
    guard let tensor else {
      throw Diagnostics("\(kind) '\(input.name)' (\(type)) of '\(graph.name)' is not given")
    }
    guard tensor.type == type else {
      throw Diagnostics(
        "\(kind) '\(input.name)' of '\(graph.name)' is \(type), but \(tensor.type) is given")
    }
    return tensor
  }
}
