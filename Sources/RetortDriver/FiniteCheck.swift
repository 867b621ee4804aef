import RetortPasses
import RetortRuntime
import RetortTensor
import RetortText

/// `--check-finite`: runs the reference interpreter and stops at the first node whose result holds
/// NaN or infinity.
package enum FiniteCheck {
  package static func run(_ request: Request, inputs: [String: HostTensor]) throws {
    let compilation = try request.compilation(through: .differentiated, inputs: inputs)
    let graph = compilation.graph
    var all = try request.weights(of: compilation).bind(to: graph).tensors
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
