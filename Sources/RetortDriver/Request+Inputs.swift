import RetortFormats
import RetortIR
import RetortOnnx
import RetortRuntime
import RetortTensor
import RetortText

extension Request {
  /// The same with its plan or model read, to be asked what it declares and then compiled, once: the
  /// memory of a plan is its program's, and a model is held as long as this is.
  package func opened() throws(Diagnostics) -> Request {
    var request = self
    request.file = try OpenedFile(path)
    return request
  }

  /// The same without what was read.
  package var closed: Request {
    var request = self
    request.file = nil
    return request
  }

  /// What was read of the path; a path that was put in its place since has not been.
  private var contents: OpenedFile.Contents? { file?.path == path ? file?.contents : nil }

  /// The plan that was read.
  var openedPlan: (file: PlanFile, graph: Graph)? {
    guard case .plan(let file, let graph)? = contents else { return nil }
    return (file, graph)
  }

  /// The model that was read.
  var openedModel: OnnxModel? {
    guard case .model(let model)? = contents else { return nil }
    return model
  }

  /// Whether the path names a plan.
  var isPlan: Bool { openedPlan != nil || openedModel == nil && Artifact.isArtifact(path) }

  /// Whether the path names a definition, neither a plan nor a model of ONNX.
  package var isDefinition: Bool {
    contents == nil && !Artifact.isArtifact(path) && !OnnxImport.recognises(path)
  }

  /// An input as a file declares it.
  package struct DeclaredInput: Sendable {
    package let name: String
    /// Nil where nothing has bound the extent yet.
    package let extents: [Int?]
  }

  /// The inputs of a plan or of a model of ONNX, before it is compiled; of a definition nil, whose
  /// dimensions are bound by what it is given.
  package func declaredInputs() throws(Diagnostics) -> [DeclaredInput]? {
    var contents = contents
    if contents == nil { contents = try OpenedFile(path)?.contents }
    switch contents {
    case .plan(_, let graph)?:
      return graph.inputs.filter { $0.role == .input }.map { input in
        DeclaredInput(name: input.name, extents: graph.type(of: input.value).shape.extents)
      }
    case .model(let model)?:
      return try OnnxImport.inputs(of: model, path: path).map { name, extents in
        DeclaredInput(name: name, extents: extents)
      }
    case nil: return nil
    }
  }
}
