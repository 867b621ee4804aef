import RetortIR
import RetortTensor
import RetortText

/// Weights and prepared values that lie in memory already, such as a mapped file, and that a program
/// computes on where they are.
package struct StoredValues {
  /// By the weights' names. Those that only `prepare` reads may be missing.
  package var weights: [String: TensorView]
  /// By the values' names.
  package var prepared: [String: TensorView]
  /// Makes the memory one that may be written to. Until then it is only read.
  private let allowWriting: () throws(Diagnostics) -> Void

  /// - Parameter allowWriting: is kept, and with it what it captures, as long as the values are used.
  package init(
    weights: [String: TensorView], prepared: [String: TensorView],
    allowWriting: @escaping () throws(Diagnostics) -> Void
  ) {
    self.weights = weights
    self.prepared = prepared
    self.allowWriting = allowWriting
  }

  func makeWritable() throws(Diagnostics) { try allowWriting() }

  /// Where the graph's values lie, by their numbers.
  ///
  /// - Throws: where a prepared value is missing, or anything has another type than in the graph.
  func addresses(in graph: Graph) throws(Diagnostics) -> [Int: UnsafeMutableRawPointer] {
    var addresses: [Int: UnsafeMutableRawPointer] = [:]
    for value in graph.preparedValues {
      let (name, type) = (graph.name(of: value), graph.type(of: value))
      guard let view = prepared[name], view.type == type else {
        throw Diagnostics("the plan lacks the prepared value '\(name)' (\(type))")
      }
      addresses[value.id] = view.base
    }
    for input in graph.inputs where input.role.isWeight {
      guard let view = weights[input.name] else { continue }
      let type = graph.type(of: input.value)
      guard view.type == type else {
        throw Diagnostics("the plan holds '\(input.name)' as \(view.type), not as \(type)")
      }
      addresses[input.value.id] = view.base
    }
    return addresses
  }
}
