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
  private let executable: Executable
  private let seed: UInt64
  package let notes: [Diagnostic]

  /// Compiles `request` for a batch of images of the given size; settings that the entry does not
  /// declare are an error.
  package init(_ request: Request, batch: Int, height: Int, width: Int) throws {
    self.batch = batch
    seed = request.seed
    let sample = HostTensor(zeros: TensorType(.f32, [batch, 3, height, width]))
    (executable, notes) = try request.executable(inputs: ["x": sample])
  }

  package var resultNames: [String] {
    executable.graph.outputs.filter { $0.role == .result }.map(\.name)
  }

  /// The first result for all images, stacked. `labels` fill an input `y`.
  package func run(
    _ images: HostTensor, labels: [Int] = [], title: String = "running",
    observer: (any ProgressObserver)? = nil
  ) throws -> HostTensor {
    let count = images.shape[0]
    var bytes: [UInt8] = []
    var rowType: TensorType?
    for start in stride(from: 0, to: count, by: batch) {
      let rows = (start..<start + batch).map { min($0, count - 1) }
      let set = ImageSet(pixels: images, labels: labels)
      var inputs = ["x": set.batch(rows)]
      for input in executable.graph.inputs where input.role == .input {
        let type = executable.graph.type(of: input.value)
        if input.name == "y" {
          inputs["y"] = HostTensor(type.shape, rows.map { Int32(labels[$0]) })
        } else if type.element == .key {
          inputs[input.name] = RandomKeys.input(type.shape, seed: seed, first: start)
        }
      }
      let result = try executable.run(inputs)[resultNames[0]]!
      let each = result.bytes.count / batch
      bytes += result.bytes.prefix(min(batch, count - start) * each)
      rowType = result.type
      observer?.advanced(ProgressReport(title, done: min(start + batch, count), total: count))
    }
    guard let rowType else { return HostTensor(zeros: TensorType(.f32, [0])) }
    let shape = Shape([count] + rowType.shape.extents.dropFirst())
    return HostTensor(rowType.with(shape), bytes: bytes)
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
