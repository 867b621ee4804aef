import Foundation
import RetortIR
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortText

/// Compares an optimised program with the f64 reference interpreter on random inputs.
package enum Verification {
  /// How far one result is off.
  package struct Line: Sendable {
    package let name: String
    package let type: TensorType
    /// The largest absolute difference.
    package let worst: Double
    /// The largest difference over the reference's root mean square.
    package let relative: Double
  }

  package struct Report: Sendable {
    package let lines: [Line]
    package let notes: [Diagnostic]

    package func table(tolerance: Double) -> String {
      var table = TextTable(
        ["result", "type", "worst error", "relative", ""],
        alignments: [.left, .left, .right, .right, .left])
      for line in lines {
        table.add([
          line.name, line.type.description, TensorSummary.short(line.worst),
          TensorSummary.short(line.relative), line.relative <= tolerance ? "ok" : "past tolerance",
        ])
      }
      return table.text
    }

    package func failure(tolerance: Double) -> String? {
      // `!(a <= b)` so that NaN fails.
      let failed = lines.filter { !($0.relative <= tolerance) }.map { "'\($0.name)'" }
      guard !failed.isEmpty else { return nil }
      return "the optimised program differs from the reference in \(failed.joined(separator: ", "))"
    }
  }

  package static func run(_ request: Request) throws -> Report {
    let compilation = try request.compilation(through: .elaborated)
    let elaborated = compilation.graph
    let (weights, notes) = try Self.weights(for: compilation, request)
    let planned = try Pipeline.run(
      elaborated, through: .planned, options: request.pipelineOptions
    ).graph
    let executable = try Executable(
      planned, backend: request.backend, threadCount: request.threadCount)
    try executable.program.bind(weights: weights)
    let inputs = try executable.graph.completed(
      randomInputs(planned, request.seed), seed: request.seed)
    let actual = try executable.run(inputs, seed: request.seed)

    let oracle = try Widen().run(try Pipeline.run(elaborated, through: .differentiated).graph)
    var wide: [String: HostTensor] = [:]
    for input in oracle.inputs {
      let tensor = (input.role.isWeight ? weights : inputs)[input.name]!
      wide[input.name] = tensor.converted(to: oracle.type(of: input.value).element)
    }
    let expected = try Interpreter().run(oracle, inputs: wide)
    let updated = Dictionary(
      uniqueKeysWithValues: executable.program.weightTensors().map { ($0.name, $0.tensor) })
    let lines = oracle.outputs.map { output in
      output.role == .result
        ? compare(output.name, actual[output.name]!, expected.outputs[output.name]!)
        : compare(
          output.name + " (updated)", updated[output.name]!, expected.updates[output.name]!)
    }
    return Report(lines: lines, notes: compilation.notes + notes)
  }

  private static func weights(
    for compilation: Request.Compilation, _ request: Request
  ) throws -> (tensors: [String: HostTensor], notes: [Diagnostic]) {
    let given = try request.weights(of: compilation)
    if given.isEmpty {
      let graph = compilation.graph.withInitialisers
      return (try Weights.initial(for: graph, seed: request.seed), [])
    }
    let binding = try given.bind(to: compilation.graph)
    return (binding.tensors, binding.notes)
  }

  /// Uniform in 0...1; integers are zero.
  private static func randomInputs(_ graph: Graph, _ seed: UInt64) -> [String: HostTensor] {
    var inputs: [String: HostTensor] = [:]
    for input in graph.inputs where input.role == .input {
      let type = graph.type(of: input.value)
      guard type.element != .key else { continue }
      guard type.element.isReal else {
        inputs[input.name] = HostTensor(zeros: type)
        continue
      }
      let key = RandomKeys.named("input " + input.name, seed: seed)
      let values = (0..<type.elementCount).map { RandomKeys.uniform(key, $0) }
      inputs[input.name] = HostTensor(type.shape, values).converted(to: type.element)
    }
    return inputs
  }

  private static func compare(
    _ name: String, _ actual: HostTensor, _ expected: HostTensor
  ) -> Line {
    let (a, b) = (actual.doubles, expected.doubles)
    var worst = 0.0
    for (x, y) in zip(a, b) where !(x.isNaN && y.isNaN) && x != y {
      let difference = abs(x - y)
      worst = difference.isNaN ? .infinity : max(worst, difference)
    }
    let finite = b.filter(\.isFinite)
    let square = finite.reduce(0) { $0 + $1 * $1 } / Double(max(1, finite.count))
    return Line(
      name: name, type: actual.type, worst: worst,
      relative: worst == 0 ? 0 : worst / max(square.squareRoot(), 1e-12))
  }
}

extension Graph {
  /// The graph with an initialiser for every weight: variances and scales near 1, others small.
  var withInitialisers: Graph {
    var graph = self
    for (index, input) in inputs.enumerated() {
      let extents = type(of: input.value).shape.extents
      let fanIn = max(1, extents.dropFirst().reduce(1, *))
      switch input.role {
      case .parameter(nil):
        let isScale = extents.count == 1 && input.name.hasSuffix("weight")
        graph.inputs[index].role = .parameter(
          isScale ? .fill(1) : .normal(1 / Double(fanIn).squareRoot()))
      case .buffer(nil):
        graph.inputs[index].role = .buffer(.fill(input.name.hasSuffix("var") ? 1 : 0))
      default: break
      }
    }
    return graph
  }
}
