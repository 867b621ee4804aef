import Foundation
import RetortFormats
import RetortIR
import RetortOnnx
import RetortTensor
import RetortText

/// A model of ONNX as a definition in the language and a file of weights: what `retort import`
/// writes.
package struct ModelDefinition: Sendable {
  private let model: OnnxImport
  private let path: String

  /// - Parameter settings: extents by the names that the model's inputs have for them.
  package init(reading path: String, settings: [(name: String, value: String)]) throws(Diagnostics)
  {
    self.path = path
    var values: [String: String] = [:]
    for (name, value) in settings { values[name] = value }
    model = try OnnxImport(reading: path, settings: values)
  }

  /// The definition.
  ///
  /// - Parameter weightFile: where its weights are, as its head says; nil where that is not known.
  package func text(weightFile: String?) -> String {
    let file = (path as NSString).lastPathComponent
    var head = ["Imported from \(file) (\(model.origin)) by 'retort import'."]
    if !model.weights.isEmpty {
      head.append(
        "Its \(model.weights.count) weights are named as in the model"
          + (weightFile.map { ": \(($0 as NSString).lastPathComponent)." } ?? "."))
    }
    let lines = head.map { line in
      "// " + line.replacing("\n", with: " ").visible() + "\n"
    }
    return lines.joined() + DefinitionPrinter(model.graph).text
  }

  /// Writes the definition, and its weights beside it.
  ///
  /// - Returns: what was written, a line.
  /// - Throws: also where there are weights of that name without a definition: no import of before
  ///   has made them.
  package func write(to target: String) throws(Diagnostics) -> String {
    let stem = target.hasSuffix(".graph") ? String(target.dropLast(6)) : target
    let weightFile = stem + ".safetensors"
    if !model.weights.isEmpty {
      guard InputFile.isMissing(weightFile) || !InputFile.isMissing(target) else {
        throw Diagnostics(
          "is there already, and would be replaced by the model's weights", path: weightFile,
          hint: "give -o another name, or move the file away")
      }
    }
    // The definition first: where the weights then fail, the import can be repeated.
    try AtomicFile.write(text(weightFile: weightFile), to: target)
    if !model.weights.isEmpty { try TensorFile.write(model.weights, to: weightFile) }
    let count = model.weights.reduce(0) { $0 + $1.tensor.elementCount }
    let weights =
      model.weights.isEmpty
      ? "" : "; \(weightFile): \(model.weights.count) tensors, \(count) elements"
    return "\(target): \(model.graph.nodeCount) nodes\(weights)"
  }
}
