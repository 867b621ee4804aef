import RetortDriver
import RetortIR
import RetortTensor
import RetortText

/// Runs a graph over images that arrive in any number, a fixed batch at a time.
///
/// The graph's batch dimension `n` is the batch; the last batch is filled up with its last image.
/// Element `i` of a key input is folded from the seed and the image's index, so an image's result
/// does not depend on the batch it is in as long as the graph treats images apart.
package final class BatchRunner {
  package let batch: Int
  /// The graph's first result, of one batch.
  package let resultName: String
  package let resultType: TensorType
  private let executable: Executable
  private let seed: UInt64
  package let notes: [Diagnostic]

  /// Compiles `request` for a batch of images of the given size; settings that the entry does not
  /// declare are an error.
  package init(_ request: Request, batch: Int, height: Int, width: Int) throws {
    self.batch = batch
    seed = request.seed
    try request.requireImages(height: height, width: width)
    let sample = HostTensor(zeros: TensorType(.f32, [batch, 3, height, width]))
    (executable, notes) = try request.executable(inputs: ["x": sample])
    let graph = executable.graph
    guard let first = graph.outputs.first(where: { $0.role == .result }) else {
      throw Diagnostics("'\(graph.name)' has no result", path: request.path)
    }
    (resultName, resultType) = (first.name, graph.type(of: first.value))
    for (name, type) in [(resultName, resultType)] + Self.labelInputs(graph)
    where type.shape.extents.first != batch {
      throw Diagnostics(
        "'\(name)' of '\(graph.name)' is \(type), not one for each of the \(batch) images",
        path: request.path)
    }
  }

  /// The input `y`, where the graph has one.
  private static func labelInputs(_ graph: Graph) -> [(String, TensorType)] {
    graph.inputs.filter { $0.role == .input && $0.name == "y" }
      .map { ($0.name, graph.type(of: $0.value)) }
  }

  /// The first result for all images, stacked. `labels` fill an input `y`.
  ///
  /// - Throws: where the graph takes labels and there are none.
  package func run(
    _ images: HostTensor, labels: [Int] = [], title: String = "running",
    observer: (any ProgressObserver)? = nil
  ) throws -> HostTensor {
    let count = images.shape[0]
    var bytes: [UInt8] = []
    guard labels.count == count || Self.labelInputs(executable.graph).isEmpty else {
      throw Diagnostics("'\(executable.graph.name)' takes labels 'y', the images have none")
    }
    for start in stride(from: 0, to: count, by: batch) {
      let rows = (start..<start + batch).map { min($0, count - 1) }
      let set = ImageSet(pixels: images, labels: labels)
      var inputs = ["x": set.batch(rows)]
      for input in executable.graph.inputs where input.role == .input {
        let type = executable.graph.type(of: input.value)
        if input.name == "y" {
          inputs["y"] = HostTensor([batch], rows.map { Int32(labels[$0]) })
        } else if type.element == .key {
          inputs[input.name] = RandomKeys.input(type.shape, seed: seed, first: start)
        }
      }
      let result = try executable.run(inputs)[resultName]!
      let each = result.bytes.count / batch
      bytes += result.bytes.prefix(min(batch, count - start) * each)
      observer?.advanced(ProgressReport(title, done: min(start + batch, count), total: count))
    }
    let shape = Shape([count] + resultType.shape.extents.dropFirst())
    return HostTensor(resultType.with(shape), bytes: bytes)
  }
}

extension HostTensor {
  /// The index of the greatest element of each row of `f32[n, classes]`; the first of equals.
  package var predictions: [Int] {
    let classes = shape[1]
    let values = elements(as: Float.self)
    return (0..<shape[0]).map { row in
      var best = 0
      for column in 1..<max(1, classes)
      where values[row * classes + column] > values[row * classes + best] { best = column }
      return best
    }
  }

  /// Rounded to the nearest of the 256 levels that an 8-bit image can hold.
  package var roundedToBytes: HostTensor {
    HostTensor(
      shape,
      elements(as: Float.self).map { (min(max($0, 0), 1) * 255).rounded() / 255 })
  }
}
