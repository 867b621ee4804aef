import Foundation
import RetortFormats
import RetortTensor
import RetortText

/// What a training that was stopped goes on from: all weights and the optimiser's state behind an
/// epoch, and to which recipe and data they belong.
struct TrainingCheckpoint {
  private static let (recipeMark, dataMark, epochMark) = (
    "checkpoint.recipe.", "checkpoint.data.", "checkpoint.epoch."
  )

  private static let remedy = "move it away to start from the beginning"

  let path: String
  /// Of the recipe with the weights that it starts from, and of the images that it trains on.
  let identity: String
  let data: String

  /// The number of epochs that were done and the weights behind them; nil where there is no
  /// checkpoint.
  ///
  /// - Throws: for one of another recipe, of other weights or data, or of more epochs, or without a
  ///   weight that is wanted.
  func read(
    weights wanted: [(name: String, type: TensorType)], epochs: Int
  ) throws(Diagnostics) -> (epoch: Int, tensors: [String: HostTensor])? {
    guard !InputFile.isMissing(path) else { return nil }
    var stored: MarkedTensors
    do {
      stored = try MarkedTensors(reading: path)
    } catch {
      var damaged = error
      // What cannot be read at all may be a good one.
      for index in damaged.list.indices
      where damaged.list[index].hint == nil
        && !damaged.list[index].message.hasPrefix("cannot be read")
      {
        damaged.list[index].hint = Self.remedy
      }
      throw damaged
    }
    let (recipe, trained) = (stored.take(Self.recipeMark), stored.take(Self.dataMark))
    guard let epoch = stored.take(Self.epochMark).flatMap({ Int($0) }),
      recipe == identity, trained == data, (0...epochs).contains(epoch)
    else {
      throw Diagnostics(
        "is a checkpoint of another recipe, other weights or other data", path: path,
        hint: Self.remedy)
    }
    let tensors = Dictionary(stored.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
    for (name, type) in wanted where tensors[name]?.type != type {
      throw Diagnostics(
        "lacks '\(name)' as the graph declares it", path: path,
        hint: "the graph has changed since; move the checkpoint away to start again")
    }
    return (epoch, tensors)
  }

  func write(
    _ tensors: [(name: String, tensor: HostTensor)], epoch: Int
  ) throws(Diagnostics) {
    var stored = MarkedTensors(tensors)
    stored.mark(Self.epochMark, String(epoch))
    stored.mark(Self.dataMark, data)
    stored.mark(Self.recipeMark, identity)
    try stored.write(to: path)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
