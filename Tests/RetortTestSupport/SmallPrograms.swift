import RetortDriver
import RetortFormats
import RetortRuntime

/// Small programs with weights to prepare, weights to read, loops and draws.
package enum SmallPrograms {
  package static let definitions = [thin, draws]

  package static let thin =
    """
    import "blocks/convolution.graph"
    import "blocks/linear.graph"
    import "blocks/norm.graph"

    graph thin(x: f32[n, 2, 4, 4]) -> (y: f32[n, 3], z: f32[n, 2, 4, 4]) {
      h = relu(batch_norm(convolution(x, channels: 2) as "conv") as "bn")
      y = linear(reshape(h, [n, 32]), features: 3) as "linear"
      z = repeat i in 0..<2 with w = x {
        yield w - 0.1 * gradient(sum(w * w * w), w)
      }
      return y, z
    }
    """

  package static let draws =
    """
    graph draws(x: f32[n, 4], key: key[]) -> (y: f32[n, 4], z: f32[3, n, 4]) {
      y, z = repeat i in 0..<3 with w = x {
        v = w + 0.1 * normal(fold(key, i), shape: [n, 4])
        yield softmax(v, axis: 1) collect v
      }
      return y, z
    }
    """

  /// A definition with `n` set to 2, in a file of the folder.
  package static func request(_ text: String, in folder: TemporaryFolder) throws -> Request {
    var request = Request(
      path: try folder.write(text, to: "small.graph"), library: Repository.library)
    request.settings = [("n", "2")]
    request.threadCount = 1
    return request
  }

  /// Their plans, compiled with weights; the same bytes in every process of a machine. They say
  /// that a form was measured, which was not: its time would be another in each.
  package static func plans() throws -> [[UInt8]] {
    let folder = try TemporaryFolder()
    return try definitions.map { text in
      var request = try request(text, in: folder)
      try request.bindRandomWeights(seed: 1, in: folder)
      let plan = folder.file("small.retort")
      _ = try PlanWriter(request: request, rebuild: "retort compile small.graph").write(to: plan)
      var artifact = try PlanFile(plan, processor: Processor.fingerprint).artifact
      artifact.origins = artifact.origins.replacing(folder.path, with: "")
      artifact.calibration = "c\tdirect 1"
      try artifact.write(to: plan)
      return try InputFile.read(plan)
    }
  }
}
