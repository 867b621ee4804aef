import RetortIR
import RetortTensor
import RetortText

/// A value that a run has just produced.
package struct Probe: Sendable {
  /// The value's name in the graph.
  package let name: String
  package let origin: Origin
  /// The indices of the loops around the node, outermost first.
  package let turns: [Int]
  package let tensor: HostTensor

  package init(name: String, origin: Origin, turns: [Int], tensor: HostTensor) {
    self.name = name
    self.origin = origin
    self.turns = turns
    self.tensor = tensor
  }
}

/// Is told of every value in the order of execution.
package typealias ProbeCallback = @Sendable (Probe) -> Void

/// Finds the first node that produces NaN or an infinity.
enum FiniteCheck {
  /// - Throws: naming the value, its node, its place and the first element at fault.
  static func check(
    _ tensor: HostTensor, name: String, opName: String, origin: Origin, turns: [Int]
  ) throws(Diagnostics) {
    guard tensor.type.element.isReal else { return }
    let values = tensor.doubles
    guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
    var message =
      "'\(name)' (\(opName)) is \(AttributeValue.spelling(values[index])) "
      + "at \(position(index, in: tensor.shape))"
    if !turns.isEmpty {
      message += " in turn " + turns.map(String.init).joined(separator: ", ")
    }
    let place = origin.description
    throw Diagnostics(
      message, at: origin.range, code: "check-finite",
      notes: place.isEmpty ? [] : [.note("computed by \(opName) at \(place)")])
  }

  /// A flat index as the position on each axis, `[0, 2, 7]`.
  private static func position(_ index: Int, in shape: Shape) -> String {
    var rest = index
    let parts = shape.strides.map { stride -> Int in
      defer { rest %= stride }
      return rest / stride
    }
    return "[" + parts.map(String.init).joined(separator: ", ") + "]"
  }
}

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
