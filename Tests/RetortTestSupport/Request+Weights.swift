import RetortDriver
import RetortFormats
import RetortTensor

extension Request {
  /// Binds a file with random weights for every parameter and buffer of the definition, if it has
  /// any.
  package mutating func bindRandomWeights(seed: UInt64, in folder: TemporaryFolder) throws {
    let weights = try graph(at: .elaborated).graph.randomWeights(seed: seed)
    guard !weights.isEmpty else { return }
    let path = folder.file("random-\(seed).safetensors")
    try TensorFile.write(
      weights.sorted { $0.key < $1.key }.map { (name: $0.key, tensor: $0.value) }, to: path)
    weightPaths = [path]
  }
}
