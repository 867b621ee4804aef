import RetortDriver
import RetortIR
import RetortPasses
import RetortRuntime
import RetortTensor

/// What one run of a graph gave.
package struct GraphRun {
  package var outputs: [String: HostTensor]
  /// Parameters and buffers that the graph updates, by path.
  package var updates: [String: HostTensor]

  package subscript(name: String) -> HostTensor {
    guard let tensor = outputs[name] ?? updates[name] else {
      preconditionFailure("no result '\(name)' among \(outputs.keys.sorted())")
    }
    return tensor
  }
}

/// The ways to run a definition that must agree.
package enum Way: String, CaseIterable, Sendable {
  /// Differentiated, widened to f64 and interpreted by the operations' references.
  case reference
  /// Through all stages, in f32 with fast kernels, convolutions in their direct forms.
  case exact
  /// As `exact`, convolutions in the forms that the cost model chooses.
  case compiled

  /// How far a result may be from numbers computed in f64 and rounded to f32, relative to the
  /// largest element.
  package var tolerance: Double { self == .reference ? 1e-6 : 1e-4 }

  /// The same where rounding may have moved an input of a rectifier across zero: Winograd's does in
  /// `resnet20`, whose gradient is then off by 0.0112; the direct forms' does not.
  package var kinkTolerance: Double { self == .compiled ? 2e-2 : tolerance }

  package func run(
    _ graph: Graph, _ inputs: [String: HostTensor], weights: [String: HostTensor] = [:],
    seed: UInt64 = 0
  ) throws -> GraphRun {
    switch self {
    case .reference:
      return try graph.interpreted(inputs, weights: weights, seed: seed)
    case .exact, .compiled:
      let executable = try graph.compiled(
        weights: weights, convolutions: ConvolutionCostModel(isExact: self == .exact))
      let outputs = try executable.run(inputs, seed: seed)
      let updated = graph.updatedWeights
      return GraphRun(
        outputs: outputs, updates: executable.program.weights.filter { updated.contains($0.key) })
    }
  }
}

extension Graph {
  /// Runs an elaborated graph by the operations' references in f64. Keys that are not given are
  /// filled from the seed.
  package func interpreted(
    _ inputs: [String: HostTensor], weights: [String: HostTensor] = [:], seed: UInt64 = 0
  ) throws -> GraphRun {
    let oracle = try Widen().run(try Pipeline.run(self, through: .differentiated).graph)
    let outcome = try Interpreter().run(
      oracle, inputs: oracle.completed(inputs, weights: weights, seed: seed))
    return GraphRun(outputs: outcome.outputs, updates: outcome.updates)
  }

  /// A program of an elaborated graph, with its weights bound.
  package func compiled(
    weights: [String: HostTensor] = [:], backend: Backend = .auto, threadCount: Int = 2,
    convolutions: ConvolutionCostModel = ConvolutionCostModel()
  ) throws -> Executable {
    var options = PipelineOptions()
    options.convolutions = convolutions
    return try Pipeline.run(self, through: .planned, options: options).graph
      .program(weights: weights, backend: backend, threadCount: threadCount)
  }

  /// A program of a planned graph, with its weights bound.
  package func program(
    weights: [String: HostTensor] = [:], backend: Backend = .auto, threadCount: Int = 2
  ) throws -> Executable {
    let executable = try Executable(self, backend: backend, threadCount: threadCount)
    var bound: [String: HostTensor] = [:]
    for input in inputs where input.role.isWeight {
      bound[input.name] = weights[input.name]?.converted(to: type(of: input.value).element)
    }
    try executable.program.bind(weights: bound)
    return executable
  }

  private func completed(
    _ inputs: [String: HostTensor], weights: [String: HostTensor], seed: UInt64
  ) -> [String: HostTensor] {
    var complete: [String: HostTensor] = [:]
    for input in self.inputs {
      let type = type(of: input.value)
      if let tensor = input.role.isWeight ? weights[input.name] : inputs[input.name] {
        complete[input.name] = tensor.converted(to: type.element)
      } else if type.element == .key {
        complete[input.name] = RandomKeys.input(type.shape, seed: seed)
      }
    }
    return complete
  }

  /// Weights for tests: matrices and kernels that keep the scale of what passes through, variances
  /// and scales in 0.5...1.5, the rest in -0.3...0.3.
  package func randomWeights(seed: UInt64) -> [String: HostTensor] {
    var generator = SeededGenerator(seed: seed)
    var weights: [String: HostTensor] = [:]
    for input in inputs where input.role.isWeight {
      let type = type(of: input.value)
      let fanIn = type.shape.extents.dropFirst().reduce(1, *)
      let bound = (3 / Double(max(1, fanIn))).squareRoot()
      let range: ClosedRange<Double>
      if type.shape.rank > 1 {
        range = -bound...bound
      } else if input.name.hasSuffix("var") || input.name.hasSuffix("weight") {
        range = 0.5...1.5
      } else {
        range = -0.3...0.3
      }
      let numbers = (0..<type.elementCount).map { _ in
        Double(Float(Double.random(in: range, using: &generator)))
      }
      weights[input.name] = HostTensor(type.shape, numbers).converted(to: type.element)
    }
    return weights
  }
}

extension HostTensor {
  /// Images of values in 0...1 that f32 holds exactly.
  package static func randomImages(_ count: Int, seed: UInt64) -> HostTensor {
    var generator = SeededGenerator(seed: seed)
    let numbers = (0..<count * 3 * 32 * 32).map { _ in Float.random(in: 0...1, using: &generator) }
    return HostTensor([count, 3, 32, 32], numbers)
  }

  /// Rows of the leading axis.
  package func rows(_ range: Range<Int>) -> HostTensor {
    let stride = type.byteCount / shape[0]
    return HostTensor(
      type.with(Shape([range.count] + shape.extents.dropFirst())),
      bytes: Array(bytes[range.lowerBound * stride..<range.upperBound * stride]))
  }
}
