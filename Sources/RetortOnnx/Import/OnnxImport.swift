import RetortFormats
import RetortIR
import RetortTensor
import RetortText

/// A model of ONNX as a graph of Retort, at the level of stage `elaborated`, and its weights.
package struct OnnxImport: Sendable {
  package let graph: Graph
  /// What the graph declares as parameters and buffers, by their names in the model.
  package let weights: [(name: String, tensor: HostTensor)]
  /// `PyTorch 2.3.0, opset 17`: who wrote the model, as far as it says so.
  package let origin: String

  /// Reads a model and what lies beside it.
  ///
  /// - Parameters:
  ///   - settings: extents by the names that the model's inputs have for them.
  ///   - inputTypes: the types of tensors that will be given as inputs; they bind extents too.
  /// - Throws: what is wrong with the file, or which of its nodes is not understood, and why.
  package init(
    reading path: String, settings: [String: String] = [:],
    inputTypes: [String: TensorType] = [:]
  ) throws(Diagnostics) {
    try self.init(
      OnnxModel(reading: path), path: path, settings: settings, inputTypes: inputTypes)
  }

  /// - Parameter path: the model's file, which messages name and beside which its tensors lie.
  package init(
    _ model: OnnxModel, path: String, settings: [String: String] = [:],
    inputTypes: [String: TensorType] = [:]
  ) throws(Diagnostics) {
    let importer = try GraphImporter(model, path: path)
    graph = try importer.run(settings: settings, inputTypes: inputTypes)
    weights = importer.state.declaredWeights
    let producer = [model.producerName, model.producerVersion].filter { !$0.isEmpty }
    origin =
      (producer.isEmpty ? "" : producer.joined(separator: " ") + ", ")
      + "opset \(importer.opsets[""] ?? 0)"
  }

  /// What a model is run with, as the graph calls it, before its nodes are looked at; an extent that
  /// nothing has bound yet is nil.
  package static func inputs(
    of model: OnnxModel, path: String
  ) throws(Diagnostics) -> [(name: String, extents: [Int?])] {
    try InputBinding(model.arguments, path: path).declared
  }

  private static let suffix = ".onnx"

  /// Whether a file is a model of ONNX: by its suffix, or by its first fields.
  package static func recognises(_ path: String) -> Bool {
    if path.lowercased().hasSuffix(suffix) { return true }
    let bytes = InputFile.beginning(of: path, count: 3)
    guard bytes.count == 3 else { return false }
    // Field 1, the format's version, and then one of the fields that follow it.
    let followers: Set<UInt8> = [0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42]
    return bytes[0] == 0x08 && (3...32).contains(bytes[1]) && followers.contains(bytes[2])
  }
}

/// What a name of ONNX is called in a graph.
package enum OnnxNames {
  /// The name of an input or a result: as it is where the language can spell it.
  package static func identifier(_ name: String) -> String {
    var text = GraphBuilder.identifier(name)
    if let first = name.unicodeScalars.first, ("0"..."9").contains(first) { text = "v" + name }
    text = GraphBuilder.identifier(text)
    return Keyword.avoiding(text)
  }

  /// A readable name for a value: exporters write paths such as
  /// `/layer1/layer1.0/conv1/Conv_output_0`, here `layer1_0_conv1_conv`.
  static func value(_ name: String) -> String {
    var parts: [Substring] = []
    for part in name.split(separator: "/") {
      // A module's path repeats its parents' names.
      if let last = parts.last, part.hasPrefix(last + ".") { parts.removeLast() }
      parts.append(part)
    }
    guard var last = parts.popLast() else { return identifier(name) }
    if last.hasSuffix("_output_0") { last = last.dropLast("_output_0".count) }
    if !parts.isEmpty { last = last.lowercased()[...] }
    parts.append(last)
    return identifier(parts.joined(separator: "_"))
  }
}
