import RetortTensor
import RetortTestSupport
import Testing

/// Auto-PGD, FAB, Square and the slope through a purifier follow PyTorch's numbers.
///
/// Searches branch on losses and step by signs: one flip of a rectifier may turn a whole trajectory
/// in f32. What is compared there takes few such decisions.
@Suite struct AttackVectorTests {
  static func check(
    _ way: Way, _ entry: String, set values: [String: String] = [:], _ results: [String: String],
    within tolerance: Double? = nil
  ) throws {
    let file = try VectorFile("attacks")
    let names = ["x", "y"] + (entry == "squared" ? [] : ["targets"])
    let inputs = file.tensors.filter { names.contains($0.key) }
    try VectorTests.check(
      way, entry, set: values, inputs, weights: ["tiny"], of: file, results, seed: 5,
      within: tolerance)
  }

  @Test(arguments: [("ce", "apgd_ce"), ("dlr_targeted", "apgd_targeted")])
  func tenTurnsOfAutoPGD(loss: String, name: String) throws {
    try Self.check(
      .reference, "ascended", set: ["loss": loss],
      [
        "adversarial": "\(name)_adversarial", "best": "\(name)_best",
        "best_loss": "\(name)_best_loss",
      ])
  }

  @Test(arguments: ["linf", "l2"], [Way.reference, .exact])
  func nearestBoundaries(norm: String, way: Way) throws {
    // The move of a search in f32 is a difference of numbers a thousand times as large.
    try Self.check(
      way, "bounded", set: ["norm": norm],
      ["adversarial": "fab_\(norm)_adversarial", "distance": "fab_\(norm)_distance"],
      within: way == .reference ? nil : 2e-3)
  }

  @Test(arguments: [Way.reference, .exact])
  func boundariesTowardsATarget(way: Way) throws {
    try Self.check(
      way, "bounded", set: ["targeted": "true"],
      ["adversarial": "fab_targeted_adversarial", "distance": "fab_targeted_distance"],
      within: way == .reference ? nil : 2e-3)
  }

  @Test(arguments: Way.allCases)
  func fourteenSquares(way: Way) throws {
    try Self.check(way, "squared", ["best": "square_best", "least": "square_least"])
  }

  /// A second derivative: the gradient of a loss behind two steps that follow a gradient.
  @Test(arguments: [Way.reference, .exact])
  func slopeThroughTwoPurifierSteps(way: Way) throws {
    let file = try VectorFile("attacks")
    let inputs = file.inputs("x", "y").mapValues { $0.rows(0..<2) }
    try VectorTests.check(
      way, "unrolled", inputs, weights: ["tiny", "heads"], of: file, ["slope": "unrolled"],
      within: way.kinkTolerance)
  }
}
