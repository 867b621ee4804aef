import RetortIR
import RetortTensor

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
