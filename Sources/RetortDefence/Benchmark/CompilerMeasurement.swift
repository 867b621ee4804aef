import RetortDriver
import RetortFormats
import RetortIR
import RetortOps
import RetortPasses
import RetortTensor

/// How long compiling takes: chains of generated operations, and a workload.
package struct CompilerMeasurement: Sendable {
  package let name: String
  /// Nodes when elaborated and when planned.
  package let nodeCount: Int
  package let plannedNodeCount: Int
  /// All stages through `planned`, verification after each included; of a file its reading too.
  package let seconds: Double
  /// The passes, in the order of the pipeline.
  package let passes: [(name: String, seconds: Double)]

  private static let clock = ContinuousClock()

  package var json: JSONValue {
    .object([
      "graph": .string(name), "nodes": .number(nodeCount),
      "planned_nodes": .number(plannedNodeCount), "s": .number(seconds, decimals: 4),
      "passes": .object(
        passes.map { JSONValue.Member($0.name, .number($0.seconds, decimals: 4)) }),
    ])
  }

  /// A chain of `length` operations; with `gradient` of a third as many, whose gradient makes up the
  /// rest and keeps every value of the chain alive.
  package static func chain(
    length: Int, gradient: Bool = false
  ) throws -> CompilerMeasurement {
    let graph = chainGraph(length: gradient ? length / 3 : length, gradient: gradient)
    return try measure("\(gradient ? "gradient" : "chain") \(length)") { graph }
  }

  package static func workload(
    _ workload: Workload, request: Request
  ) throws -> CompilerMeasurement {
    var request = request
    request.path = request.library.path(workload.file)
    request.settings.append(("n", "1"))
    return try measure(workload.name, request.pipelineOptions) {
      try request.graph(at: .elaborated).graph
    }
  }

  private static func measure(
    _ name: String, _ options: PipelineOptions = PipelineOptions(), _ elaborate: () throws -> Graph
  ) throws -> CompilerMeasurement {
    let start = clock.now
    let graph = try elaborate()
    let result = try Pipeline.run(graph, through: .planned, options: options)
    let seconds = (clock.now - start) / .seconds(1)
    var passes: [(name: String, seconds: Double)] = []
    for record in result.records {
      let spent = record.duration / .seconds(1)
      if let index = passes.firstIndex(where: { $0.name == record.name }) {
        passes[index].seconds += spent
      } else {
        passes.append((record.name, spent))
      }
    }
    return CompilerMeasurement(
      name: name, nodeCount: graph.nodeCount, plannedNodeCount: result.graph.nodeCount,
      seconds: seconds, passes: passes)
  }

  /// Products with a weight, a bias, activations and residual sums, in turn: what networks are made
  /// of, none of it foldable, so that every pass has its work to the end.
  static func chainGraph(length: Int, gradient: Bool = false) -> Graph {
    var builder = GraphBuilder(name: "chain")
    let type = TensorType(.f32, [4, 8])
    let x = builder.input("x", type)
    let weights = (0..<8).map { index in
      builder.input("w\(index)", TensorType(.f32, [8, 8]), role: .parameter(nil))
    }
    let bias = builder.input("bias", type, role: .parameter(nil))
    var y = x, skip = x
    for index in 0..<length {
      switch index % 6 {
      case 0: y = builder.add(MatMul(), [y, weights[index / 6 % weights.count]])
      case 1: y = builder.add(Add(), [y, bias])
      case 2: y = builder.add(Relu(), [y])
      case 3: y = builder.add(Mul(), [y, bias])
      case 4: y = builder.add(Tanh(), [y])
      default:
        y = builder.add(Add(), [y, skip])
        skip = y
      }
    }
    if gradient {
      y = builder.add(Gradient(), [builder.add(Sum(), [y]), x])
    }
    return builder.finish(outputs: [GraphOutput(value: y, name: "y", role: .result)])
  }
}
