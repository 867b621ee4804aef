import RetortFormats
import RetortOnnx
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import RetortText

/// Small models, built of messages.
enum ImportModels {
  /// The type `f32` of extents, names among them for those that are open.
  static func type(_ extents: [Any], element: Int64 = 1) -> OnnxType {
    var tensor = OnnxTensorType()
    tensor.element = element
    var shape = OnnxShape()
    shape.dimensions = extents.map { extent in
      if let number = extent as? Int { return OnnxDimension(number) }
      var open = OnnxDimension()
      open.symbol = extent as? String
      return open
    }
    tensor.shape = shape
    return OnnxType(tensor)
  }

  /// A model of nodes whose inputs are `f32`.
  static func model(
    _ nodes: [OnnxNode], inputs: [(String, [Any])] = [("x", [2, 3])],
    outputs: [String] = ["y"], weights: [(String, HostTensor)] = [], opset: Int64 = 18
  ) -> OnnxModel {
    var graph = OnnxGraph()
    graph.name = "test"
    graph.nodes = nodes
    graph.inputs = inputs.map { OnnxValue($0.0, type($0.1)) }
    graph.outputs = outputs.map { OnnxValue($0, type([])) }
    graph.initializers = weights.map { OnnxTensor($0.0, $0.1) }
    var model = OnnxModel()
    model.irVersion = 8
    model.producerName = "test"
    model.opsets = [OnnxOpset(version: opset)]
    model.graph = graph
    return model
  }

  static func run(
    _ model: OnnxModel, _ inputs: [String: HostTensor], settings: [String: String] = [:]
  ) throws -> [String: HostTensor] {
    let imported = try OnnxImport(
      model, path: "/nowhere/test.onnx", settings: settings, inputTypes: inputs.mapValues(\.type))
    var all = inputs
    for (name, tensor) in imported.weights { all[name] = tensor }
    return try Interpreter().run(imported.graph, inputs: all).outputs
  }

  /// The text of what importing the model fails with.
  static func complaint(
    _ model: OnnxModel, settings: [String: String] = [:], path: String = "/nowhere/test.onnx"
  ) -> String {
    do {
      let imported = try OnnxImport(model, path: path, settings: settings)
      return "imported:\n\(imported.graph)"
    } catch {
      return error.description
    }
  }
}
