import RetortOnnx
import RetortRuntime
import RetortTensor
import RetortText

extension Request {
  /// Whether the path names a definition, neither a plan nor a model of ONNX.
  package var isDefinition: Bool { !Artifact.isArtifact(path) && !OnnxImport.recognises(path) }

  /// An input as a file declares it.
  package struct DeclaredInput: Sendable {
    package let name: String
    /// Nil where nothing has bound the extent yet.
    package let extents: [Int?]
  }

  /// The inputs of a plan or of a model of ONNX, before it is compiled; of a definition nil, whose
  /// dimensions are bound by what it is given.
  package func declaredInputs() throws -> [DeclaredInput]? {
    if Artifact.isArtifact(path) {
      let graph = try PlanFile(path, processor: Processor.fingerprint).graph()
      return graph.inputs.filter { $0.role == .input }.map { input in
        DeclaredInput(name: input.name, extents: graph.type(of: input.value).shape.extents)
      }
    }
    guard OnnxImport.recognises(path) else { return nil }
    return try OnnxImport.inputs(reading: path).map { name, extents in
      DeclaredInput(name: name, extents: extents)
    }
  }
}
