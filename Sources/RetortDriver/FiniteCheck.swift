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
    all.merge(try graph.completed(inputs, seed: request.seed)) { $1 }
    _ = try Interpreter(checksFinite: true).run(graph, inputs: all)
  }
}
