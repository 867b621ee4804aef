import RetortPasses
import RetortRuntime
import RetortTensor
import RetortText

/// `--check-finite`: runs the reference interpreter and stops at the first node whose result holds
/// NaN or infinity.
package enum FiniteCheck {
  package static func run(_ request: Request, inputs: [String: HostTensor]) throws {
    let (graph, _) = try request.graph(at: .differentiated, inputs: inputs)
    let weights = try Weights(reading: request.weightPaths).bind(to: graph).tensors
    var all = weights
    for input in graph.inputs where input.role == .input {
      let type = graph.type(of: input.value)
      if let given = inputs[input.name] {
        all[input.name] = given.converted(to: type.element)
      } else if type.element == .key {
        all[input.name] = RandomKeys.input(type.shape, seed: request.seed)
      }
    }
    _ = try Interpreter(checksFinite: true).run(graph, inputs: all)
  }
}
