import RetortDriver
import RetortText

/// One of the benchmark's workloads: what is measured is one complete repetition for a batch, all
/// steps included.
package struct Workload: Sendable {
  /// `W3`.
  package let name: String
  package let summary: String
  /// The batches that are measured by default.
  package let batches: [Int]
  /// Multiply-accumulates of one repetition, an image, as direct convolutions.
  package let multiplies: Int

  /// The definition in the library.
  package var file: String { "bench/\(name.lowercased()).graph" }

  /// Thousand millions of floating-point operations of one repetition; a multiply-accumulate counts
  /// two. Elementwise work does not count, whatever the algorithm saves does.
  package func gigaflops(batch: Int) -> Double { 2e-9 * Double(multiplies) * Double(batch) }

  /// What one image takes of a network in multiply-accumulates.
  private struct Network {
    let features: Int
    let classifier: Int
    /// The heads on two crops, four turns and the masked image.
    let heads: Int
    /// The first convolution, whose input needs no gradient in training.
    let stem: Int

    var forward: Int { features + classifier }
    /// The gradient towards the input costs one forward pass more.
    var withGradient: Int { 2 * forward }
    var purifierStep: Int { 2 * (7 * features + heads) }
    /// Gradients towards inputs and weights.
    var training: Int { 3 * forward - stem }
  }

  private static let preActResNet18 = Network(
    features: 555_417_600, classifier: 5120, heads: 1_245_184, stem: 1_769_472)
  private static let wideResNet2810 = Network(
    features: 5_243_322_368, classifier: 6400, heads: 1_345_536, stem: 442_368)
  private static let resNet14 = Network(
    features: 26_656_768, classifier: 640, heads: 893_952, stem: 442_368)

  package static let all: [Workload] = [
    Workload(
      name: "W1", summary: "PreActResNet-18, forward", batches: [1, 8, 32],
      multiplies: preActResNet18.forward),
    Workload(
      name: "W2", summary: "PreActResNet-18, cross-entropy and input gradient",
      batches: [1, 8, 32], multiplies: preActResNet18.withGradient),
    Workload(
      name: "W3", summary: "PreActResNet-18, one multi-task purifier step", batches: [1, 8, 32],
      multiplies: preActResNet18.purifierStep),
    Workload(
      name: "W4", summary: "WideResNet-28-10, one multi-task purifier step", batches: [1, 4],
      multiplies: wideResNet2810.purifierStep),
    Workload(
      name: "W5", summary: "ResNet-14, ten multi-task purifier steps", batches: [1, 64, 256],
      multiplies: 10 * resNet14.purifierStep),
    Workload(
      name: "W6", summary: "PreActResNet-18, ten steps of projected gradient ascent",
      batches: [32], multiplies: 10 * preActResNet18.withGradient),
    Workload(
      name: "W7", summary: "ResNet-14, one training step", batches: [128],
      multiplies: resNet14.training),
  ]

  /// The largest batch that is accepted; more than any machine here has memory for.
  package static let batchLimit = 4096

  /// The workload of a name, whatever its case.
  package static func named(_ name: String) throws(Diagnostics) -> Workload {
    if let found = all.first(where: { $0.name == name.uppercased() }) { return found }
    let names = all.map(\.name).joined(separator: ", ")
    throw Diagnostics("there is no workload '\(name)'", hint: "there are \(names)")
  }
}
