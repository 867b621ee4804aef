import RetortDriver
import RetortTensor
import RetortTestSupport
import Testing

/// Three steps of the optimisers give PyTorch's numbers, weights and state carried from run to run.
@Suite struct OptimiserVectorTests {
  static let settings = [
    "sgd": [:], "nesterov": ["nesterov": "true", "weight_decay": "0.01"],
    "adam": ["optimiser": "adam"],
  ]

  static func inputs(_ file: VectorFile, step: Int) -> [String: HostTensor] {
    let rates: [Float] = file["rates"].elements()
    return file.inputs("x", "y").merging(
      ["rate": HostTensor(rates[step - 1]), "iteration": HostTensor(Float(step))]) { $1 }
  }

  static func expect(
    _ file: VectorFile, _ kind: String, _ step: Int, loss: HostTensor,
    weights: [String: HostTensor], _ tolerance: Double
  ) {
    #expect(scaledError(loss, file["\(kind).\(step).loss"]) <= tolerance, "loss, step \(step)")
    for name in ["weight", "bias"] {
      let error = scaledError(weights["model." + name]!, file["\(kind).\(step).\(name)"])
      #expect(error <= tolerance, "\(name) after step \(step): \(error)")
    }
  }

  @Test(arguments: ["sgd", "nesterov", "adam"])
  func compiledSteps(kind: String) throws {
    let file = try VectorFile("optimisers")
    let graph = try TestDefinition(file: "graphs/blocks/optimiser.graph").graph(
      "fit_linear", set: Self.settings[kind]!, inputs: file.inputs("x", "y"))
    let start = try Weights.initial(for: graph, seed: 0).merging(file.tensors) { $1 }
    let executable = try graph.compiled(weights: start)
    for step in 1...3 {
      let results = try executable.run(Self.inputs(file, step: step))
      Self.expect(
        file, kind, step, loss: results["loss"]!, weights: executable.program.weights,
        Way.compiled.tolerance)
    }
  }

  @Test(arguments: ["sgd", "nesterov", "adam"])
  func interpretedSteps(kind: String) throws {
    let file = try VectorFile("optimisers")
    let graph = try TestDefinition(file: "graphs/blocks/optimiser.graph").graph(
      "fit_linear", set: Self.settings[kind]!, inputs: file.inputs("x", "y"))
    var weights = try Weights.initial(for: graph, seed: 0).merging(file.tensors) { $1 }
    for step in 1...3 {
      let run = try graph.interpreted(Self.inputs(file, step: step), weights: weights)
      weights.merge(run.updates) { $1 }
      Self.expect(
        file, kind, step, loss: run["loss"], weights: weights, Way.reference.tolerance)
    }
  }
}
