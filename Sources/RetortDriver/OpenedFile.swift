import RetortFormats
import RetortIR
import RetortOnnx
import RetortRuntime
import RetortText

/// A plan or a model of ONNX that was read: what it declares is asked before it is compiled, and
/// the file is not read a second time for that.
struct OpenedFile: Sendable {
  enum Contents: Sendable {
    case plan(PlanFile, Graph)
    case model(OnnxModel)
  }

  let path: String
  let contents: Contents

  /// Nil for anything else, a definition.
  init?(_ path: String) throws(Diagnostics) {
    self.path = path
    if Artifact.isArtifact(path) {
      let file = try PlanFile(path, processor: Processor.fingerprint)
      contents = .plan(file, try file.graph())
    } else if OnnxImport.recognises(path) {
      contents = .model(try OnnxModel(reading: path))
    } else {
      return nil
    }
  }
}
