import RetortFormats
import RetortIR
import RetortOnnx
import RetortPasses
import RetortTensor
import RetortText

/// Writes a definition's graph as an ONNX model, at the stage `simplified`: gradients are written
/// out, loops are still loops, and no operation is a machine's own yet.
package struct OnnxWriter {
  package var request: Request
  /// Whether loops are written out turn by turn.
  package var unrollsLoops = false
  /// Whether keys may be left out, and are then drawn from the request's seed.
  package var bindsKeys = false

  package init(request: Request) { self.request = request }

  package struct Summary {
    package let text: String
    package let notes: [Diagnostic]
  }

  /// - Throws: what elaboration and binding refuse; weights that are missing where some were given.
  package func write(to path: String) throws -> Summary {
    let compilation = try request.compilation(through: .simplified)
    let graph = compilation.graph
    var export = OnnxExport()
    export.unrollsLoops = unrollsLoops
    export.producerVersion = RetortVersion.text
    export.documentation = "\(graph.name), from \(request.path)"
    var notes = compilation.notes
    let weights = try request.weights(of: compilation)
    if !weights.isEmpty {
      let binding = try weights.bind(to: graph)
      export.weights = binding.tensors
      notes += binding.notes
    }
    if bindsKeys {
      for input in graph.inputs where input.role == .input {
        let type = graph.type(of: input.value)
        guard type.element == .key else { continue }
        export.defaults[input.name] = RandomKeys.input(type.shape, seed: request.seed)
      }
    }
    let model = try export.model(graph)
    let bytes = try OnnxExport.encode(model, path: path)
    try AtomicFile.write(bytes, to: path)
    return Summary(text: Self.text(model, byteCount: bytes.count), notes: notes)
  }

  private static func text(_ model: OnnxModel, byteCount: Int) -> String {
    let graph = model.graph!
    let given = Set(graph.initializers.map(\.name))
    var lines = graph.inputs.map { value in
      "input   \(value.name)  \(spelling(value))\(given.contains(value.name) ? "  (has a default)" : "")"
    }
    lines += graph.outputs.map { "output  \($0.name)  \(spelling($0))" }
    let opset = model.opsets[0].version
    lines.append("\(graph.nodes.count) nodes of opset \(opset), \(byteCount) bytes")
    return lines.joined(separator: "\n")
  }

  private static func spelling(_ value: OnnxValue) -> String {
    guard let tensor = value.type?.tensor, let element = OnnxElement(rawValue: tensor.element)
    else { return "" }
    let extents = (tensor.shape?.dimensions ?? []).map { String($0.extent ?? 0) }
    return "\(element)[\(extents.joined(separator: ", "))]"
  }
}
