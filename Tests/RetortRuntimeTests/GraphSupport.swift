import RetortIR
import RetortOps
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import RetortText

/// Graphs, tensors and comparisons that the runtime's tests share.
enum Fixture {
  /// Real tensors, uniform in [-1, 1).
  static func tensor(
    _ shape: Shape, seed: UInt64 = 1, _ element: ElementType = .f32
  ) -> HostTensor {
    var generator = SeededGenerator(seed: seed)
    let values = (0..<shape.elementCount).map { _ in Double.random(in: -1..<1, using: &generator) }
    return HostTensor(shape, values).converted(to: element)
  }

  /// The same graph in Double.
  static func widened(_ graph: Graph) throws -> Graph {
    var record = PassRecord(name: Widen.name)
    return try Widen().run(graph, &record)
  }

  /// Every random input of a graph, by name.
  static func inputs(_ graph: Graph, seed: UInt64 = 1) -> [String: HostTensor] {
    var result: [String: HostTensor] = [:]
    for (index, input) in graph.inputs.enumerated() {
      let type = graph.type(of: input.value)
      result[input.name] = tensor(type.shape, seed: seed + UInt64(index), type.element)
    }
    return result
  }

  /// `Σ (a − b)² / Σ b²`, where both are finite; infinity where one is and the other is not, or
  /// integers differ.
  static func error(_ a: HostTensor, _ b: HostTensor) -> Double {
    guard a.type == b.type else { return .infinity }
    var (difference, scale) = (0.0, 0.0)
    for (x, y) in zip(a.doubles, b.doubles) {
      if x == y || x.isNaN && y.isNaN {
        scale += y.isFinite ? y * y : 0
        continue
      }
      guard x.isFinite, y.isFinite, a.type.element.isReal else { return .infinity }
      difference += (x - y) * (x - y)
      scale += y * y
    }
    return difference == 0 ? 0 : difference / max(scale, 1e-30)
  }
}

extension Program {
  convenience init(
    planned graph: Graph, _ backend: Backend = .auto, threads: Int = 1, isChecked: Bool = false
  ) throws(Diagnostics) {
    try self.init(
      graph,
      options: ProgramOptions(
        backend: backend, pool: ThreadPool(threadCount: threads), isChecked: isChecked))
  }

  /// Binds what are weights, loads the rest, runs.
  func run(all inputs: [String: HostTensor]) throws(Diagnostics) -> [String: HostTensor] {
    try bind(weights: inputs)
    return try run(inputs: inputs)
  }
}
