import RetortDriver
import RetortIR
import RetortTensor
import RetortText

/// Runs a graph over images that arrive in any number, a fixed batch at a time.
///
/// The graph's batch dimension `n` is the batch; the last batch is filled up with its last image.
/// Each image has a key of its own, so its result does not depend on the batch it is in as long as
/// the graph treats images apart.
package final class BatchRunner {
  package let batch: Int
  /// The graph's first result, of one batch.
  package let resultName: String
  package let resultType: TensorType
  package let notes: [Diagnostic]
  /// Names of the given weights that the graph does not read.
  package let unusedWeights: [String]
  package let request: Request
  private let imageName: String
  private let executable: Executable
  /// Every result with a row for each image; the first result is one of them.
  private let perImage: [(name: String, type: TensorType)]

  /// Compiles `request` for a batch of images of the given size; settings that the entry does not
  /// declare are an error.
  ///
  /// - Parameter weights: what to compute with; nil for the request's files, or what a plan holds.
  package convenience init(
    _ request: Request, batch: Int, height: Int, width: Int, weights: Weights? = nil
  ) throws {
    let opened = try request.opened()
    try self.init(
      opened, batch: batch, height: height, width: width, weights: weights,
      input: ImageInput(of: opened))
  }

  init(
    _ request: Request, batch: Int, height: Int, width: Int, weights: Weights?, input: ImageInput
  ) throws {
    self.request = request.closed
    self.batch = batch
    imageName = input.name
    try input.require(height: height, width: width)
    imageType = TensorType(.f32, [batch, 3, height, width])
    let sample = HostTensor(zeros: imageType)
    (executable, notes, unusedWeights) = try request.executable(
      inputs: [imageName: sample], weights: weights)
    let graph = executable.graph
    if let taken = graph.inputs.first(where: { $0.role == .input && $0.name == input.name }),
      graph.type(of: taken.value) != imageType
    {
      throw Diagnostics(
        "'\(input.name)' of '\(graph.name)' is \(graph.type(of: taken.value)), but images are"
          + " \(imageType)", path: request.path)
    }
    let results = graph.outputs.filter { $0.role == .result }
      .map { (name: $0.name, type: graph.type(of: $0.value)) }
    guard let first = results.first else {
      throw Diagnostics("'\(graph.name)' has no result", path: request.path)
    }
    (resultName, resultType) = first
    for (name, type) in [first] + Self.labelInputs(graph)
    where type.shape.extents.first != batch {
      throw Diagnostics(
        "'\(name)' of '\(graph.name)' is \(type), not one for each of the \(batch) images",
        path: request.path)
    }
    for input in graph.inputs where input.role == .input && input.name != imageName {
      let type = graph.type(of: input.value)
      let fits =
        type.keys.map { $0.rank == 0 || $0.shape == [batch] }
        ?? (input.name == "y" && type.element.isInteger && type.shape == [batch])
      guard fits else {
        throw Diagnostics(
          "'\(input.name)' of '\(graph.name)' is \(type), which images do not give",
          path: request.path,
          hint: "beside \(imageName) an input is a key, key[] or key[n], in ONNX its two words,"
            + " or y: i32[n]")
      }
    }
    perImage = results.filter { $0.type.shape.extents.first == batch }
  }

  /// The input `y`, where the graph has one.
  private static func labelInputs(_ graph: Graph) -> [(String, TensorType)] {
    graph.inputs.filter { $0.role == .input && $0.name == "y" }
      .map { ($0.name, graph.type(of: $0.value)) }
  }

  package var graphName: String { executable.graph.name }
  package var resultNames: [String] { perImage.map(\.name) }

  /// The results that are one real number an image.
  package var lossNames: [String] {
    perImage.filter { $0.type == TensorType(.f32, [batch]) }.map(\.name)
  }

  /// Binds other weights, for the batches to come.
  package func bind(_ weights: Weights) throws { try executable.bind(weights) }

  /// The images that it takes at a time.
  package let imageType: TensorType

  /// The first result for all images, stacked. `labels` fill an input `y`.
  ///
  /// - Throws: where the graph takes labels and there are none.
  package func run(
    _ images: HostTensor, labels: [Int] = [], progress: ((Double) -> Void)? = nil
  ) throws -> HostTensor {
    let set = ImageSet(pixels: images, labels: labels)
    return try results(set, progress: progress)[resultName]!
  }

  /// Every result that has a row for each image, stacked, by name.
  ///
  /// - Parameters:
  ///   - keys: whose draws each image gets; its place among the images if nil.
  ///   - seed: of those draws, in place of the request's.
  ///   - progress: told now and then what share of the work is done.
  package func results(
    _ images: ImageSet, keys: [ImageKey]? = nil, seed: UInt64? = nil,
    progress: ((Double) -> Void)? = nil
  ) throws -> [String: HostTensor] {
    let count = images.count
    guard images.labels.count == count || Self.labelInputs(executable.graph).isEmpty else {
      throw Diagnostics(
        "'\(executable.graph.name)' takes labels 'y', the images have none", path: request.path)
    }
    var bytes = [String: [UInt8]]()
    for start in stride(from: 0, to: count, by: batch) {
      let rows = (start..<start + batch).map { min($0, count - 1) }
      let own = min(batch, count - start)
      let found = try executable.run(
        try inputs(images, rows, keys, seed ?? request.seed),
        progress: progress.map { tell in
          { tell((Double(start) + $0 * Double(own)) / Double(count)) }
        })
      for (name, type) in perImage {
        let tensor = found[name]!
        let each = type.byteCount / batch
        bytes[name, default: []] += tensor.bytes.prefix(own * each)
      }
      progress?(Double(start + own) / Double(count))
    }
    return Dictionary(
      uniqueKeysWithValues: perImage.map { name, type in
        let shape = Shape([count] + type.shape.extents.dropFirst())
        return (name, HostTensor(type.with(shape), bytes: bytes[name] ?? []))
      })
  }

  private func inputs(
    _ images: ImageSet, _ rows: [Int], _ keys: [ImageKey]?, _ seed: UInt64
  ) throws -> [String: HostTensor] {
    var inputs = [imageName: images.batch(rows)]
    for input in executable.graph.inputs where input.role == .input && input.name != imageName {
      let type = executable.graph.type(of: input.value)
      guard let keyType = type.keys else {
        inputs[input.name] = HostTensor([batch], rows.map { Int32(images.labels[$0]) })
        continue
      }
      let chosen = rows.map { keys?[$0] ?? ImageKey(index: $0) }
      let given =
        keyType.rank == 0
        ? RandomKeys.input(keyType.shape, seed: seed)
        : HostTensor(keyType.shape, chosen.map { $0.key(seed: seed) })
      inputs[input.name] = type.element == .key ? given : given.wordsOfKeys
    }
    return inputs
  }
}

extension TensorType {
  /// The keys that a graph takes as this: themselves, or their words where it came from ONNX.
  fileprivate var keys: TensorType? { element == .key ? self : keysInWords }
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
