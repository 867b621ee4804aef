import RetortDefence
import RetortDriver
import RetortTensor
import RetortTestSupport
import Testing

/// DEFENCE 8, end to end (iii), of the demonstration's network and heads on drawn images.
struct PurificationGainTests {
  private static let images = SyntheticSet.test(count: 20)
  /// The weights of the demonstration, by calibration on these heads.
  private static let weights: [(name: String, value: String)] = [
    ("alpha_r", "0.93"), ("alpha_i", "13"), ("backbone", "tiny"),
  ]

  private func runner(
    _ file: String, _ settings: [(name: String, value: String)], seed: UInt64
  ) throws -> BatchRunner {
    var request = Request(path: Repository.library.path(file), library: Repository.library)
    request.settings = Self.weights + settings
    request.seed = seed
    request.weightPaths = ["classifier-synthetic", "heads-synthetic"].map {
      Repository.library.path("weights/\($0).safetensors")
    }
    return try BatchRunner(request, batch: Self.images.count, height: 32, width: 32)
  }

  /// The views that judge are drawn from another seed than those that the purifier descended.
  @Test func theTotalIsLowerAfterPurification() throws {
    let purifier = try runner(
      "purifiers/multitask.graph", [("steps", "6"), ("step_size", "3/255")], seed: 1)
    let judge = try runner("objectives/multitask.graph", [], seed: 2)
    let purified = try purifier.run(Self.images.pixels)
    let before = try judge.run(Self.images.pixels).doubles
    let after = try judge.run(purified).doubles
    let lower = zip(before, after).count { $0 > $1 }
    #expect(lower >= 19, "the total is lower on \(lower) of 20 images")
  }
}
