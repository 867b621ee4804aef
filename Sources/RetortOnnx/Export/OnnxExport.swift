import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortText

/// A graph of the stage `simplified` as an ONNX model: forward passes, gradients, training steps and
/// whole purifiers, which other exporters cannot write.
///
/// Loops become `Loop`, or are written out; random draws become the integer arithmetic that makes
/// the same numbers (`Threefry`), as a function of the model. A key is `uint32[…, 2]`, its first word
/// first. Parameters and buffers become initializers under their own names, or inputs where their
/// values are not given.
package struct OnnxExport: Sendable {
  /// Whether loops are written out turn by turn, for runtimes without `Loop`.
  package var unrollsLoops = false
  /// Bound to the graph's parameters and buffers by name; those that are left out become inputs.
  package var weights: [String: HostTensor] = [:]
  /// Values of inputs that a caller may leave out.
  package var defaults: [String: HostTensor] = [:]
  /// What the model says of itself.
  package var documentation = ""
  /// The version of Retort that writes.
  package var producerVersion = ""

  package init() {}

  /// - Throws: for a graph that has passed the stage at which operations are still ONNX's.
  package func model(_ graph: Graph) throws(Diagnostics) -> OnnxModel {
    var emitter = OnnxEmitter(graph, unrollsLoops: unrollsLoops)
    var result = OnnxGraph()
    result.name = graph.name
    let updated = graph.updatedWeights
    for input in graph.inputs {
      let tensor = input.role.isWeight ? weights[input.name] : defaults[input.name]
      if let tensor { result.initializers.append(OnnxTensor(input.name, tensor)) }
      // What a run may change is an input even where it has a value to begin with.
      if !input.role.isWeight || tensor == nil || updated.contains(input.name) {
        result.inputs.append(OnnxValue(input.name, OnnxType(graph.type(of: input.value))))
      }
    }
    try emitter.emit(graph.body.nodes)
    for output in graph.outputs {
      let name = emitter.outputName(output)
      emitter.finish(output.value, as: name)
      result.outputs.append(OnnxValue(name, OnnxType(graph.type(of: output.value))))
    }
    result.initializers += emitter.initializers
    result.nodes = emitter.nodes

    var model = OnnxModel()
    model.irVersion = OnnxOperators.exportedIRVersion
    model.producerName = "retort"
    model.producerVersion = producerVersion
    model.documentation = documentation
    model.opsets = [OnnxOpset(version: OnnxOperators.exportedOpset)]
    if emitter.drawsRandomly {
      model.opsets.append(ThreefryFunction.opset)
      model.functions = [ThreefryFunction.definition]
    }
    model.graph = result
    return model
  }

  /// A model as a file's bytes.
  ///
  /// - Throws: where they pass the 2 GiB that the format's encoding ends at.
  package static func encode(_ model: OnnxModel, path: String) throws(Diagnostics) -> [UInt8] {
    let bytes = model.protobuf
    guard bytes.count < OnnxModel.byteLimit else {
      throw Diagnostics(
        "would take \(bytes.count) bytes, and ONNX's encoding ends at \(OnnxModel.byteLimit)",
        path: path, hint: "export without --weights: they are inputs then")
    }
    return bytes
  }
}

extension OnnxType {
  init(_ type: TensorType) {
    var tensor = OnnxTensorType()
    tensor.element = OnnxElement(type.element).rawValue
    var shape = OnnxShape()
    shape.dimensions = type.onnxExtents.map { OnnxDimension($0) }
    tensor.shape = shape
    self.init(tensor)
  }
}

extension TensorType {
  /// The extents of the tensor that stands for it in ONNX: keys have a last axis of two words.
  var onnxExtents: [Int] { shape.extents + (element == .key ? [2] : []) }
}
