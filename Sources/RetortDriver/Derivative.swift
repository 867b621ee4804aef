import RetortIR
import RetortOps
import RetortText

/// Derivatives that are asked for from outside a definition: those of one result with respect to
/// inputs or weights, in place of the graph's own results.
package struct Derivative: Sendable {
  package var result: String
  package var targets: [String]

  package init(result: String, targets: [String]) {
    self.result = result
    self.targets = targets
  }

  /// The graph with a result `d_TARGET` for each target, and nothing else: weights are not updated.
  ///
  /// The node `gradient` is the language's own, so the pipeline goes on as with any definition.
  func applied(to graph: Graph) throws(Diagnostics) -> Graph {
    let results = graph.outputs.filter { $0.role == .result }
    guard let output = results.first(where: { $0.name == result }) else {
      throw Diagnostics(
        "'\(graph.name)' has no result '\(result)'",
        hint: Suggestion.hint(for: result, in: results.map(\.name)))
    }
    guard !targets.isEmpty else { throw Diagnostics("a gradient has at least one target") }
    var rewriter = GraphRewriter(graph)
    rewriter.visit(graph.body.nodes) { _, _ in nil }
    var operands: [Value] = []
    var names: [String] = []
    for target in targets {
      guard let input = graph.inputs.first(where: { $0.name == target }) else {
        throw Diagnostics(
          "'\(graph.name)' has no input or weight '\(target)'",
          hint: Suggestion.hint(for: target, in: graph.inputs.map(\.name)))
      }
      let name = GraphBuilder.identifier("d_" + target)
      guard !names.contains(name) else {
        throw Diagnostics("two targets of the gradient would be called '\(name)'")
      }
      names.append(name)
      operands.append(rewriter[input.value])
    }
    var loss = rewriter[output.value]
    let type = graph.type(of: output.value)
    do throws(Violation) {
      if type.element.isReal, !type.isScalar {
        loss = try rewriter.builder.append(Sum(), [loss])[0]
      }
      let slopes = try rewriter.builder.append(Gradient(), [loss] + operands, names: names)
      return rewriter.builder.finish(
        outputs: zip(slopes, names).map { GraphOutput(value: $0, name: $1) })
    } catch {
      throw Diagnostics(
        "gradient of '\(result)' \(error.message)", code: "gradient/\(error.label)",
        hint: error.hint)
    }
  }
}
