import RetortDriver
import RetortTensor
import RetortTestSupport
import Testing

/// Purification and attacks follow PyTorch's iterates.
///
/// Length-normalised steps are compared as moves, purified minus given. Sign steps jump where a
/// gradient is near zero, and every jump changes the gradients of the next step: there the share of
/// pixels that differ is bounded, after one step by 0.1 %, after several by what the last bit of the
/// image alone brings about.
@Suite struct SearchVectorTests {
  static func run(
    _ way: Way, _ entry: String, set values: [String: String], _ file: VectorFile
  ) throws -> [Double] {
    let inputs = entry == "purified" ? file.inputs("x") : file.inputs("x", "y")
    let graph = try VectorTests.definition.graph(entry, set: values, inputs: inputs)
    let weights = try VectorTests.weights(graph, ["tiny", "heads"])
    return try way.run(graph, inputs, weights: weights).outputs.values.first!.doubles
  }

  static func moves(_ images: [Double], _ file: VectorFile) -> [Double] {
    zip(images, file["x"].doubles).map { $0 - $1 }
  }

  /// The largest difference of moves over the largest move, less half a unit in the last place of
  /// the image in f32, in which the file stores it.
  static func moveError(_ found: [Double], _ expected: [Double]) -> Double {
    let scale = expected.map(abs).max()!
    return max(0, scaledError(found, expected) - 0x1p-25 / scale)
  }

  /// The share of elements that are further apart than rounding explains.
  static func differingShare(_ a: [Double], _ b: [Double]) -> Double {
    Double(zip(a, b).filter { abs($0 - $1) > 1e-5 }.count) / Double(a.count)
  }

  static let lengthSteps: [(Way, Int)] =
    [(.exact, 1), (.exact, 5), (.exact, 10), (.compiled, 10), (.reference, 1), (.reference, 5)]
    + (Repository.runsLongTests ? [(.reference, 10)] : [])

  @Test(arguments: lengthSteps)
  func purifierWithLengthSteps(way: Way, steps: Int) throws {
    let file = try VectorFile("searches")
    let settings = [
      "norm": "l2", "epsilon": "1.0", "step_size": "0.1", "steps": "\(steps)",
    ]
    let found = Self.moves(try Self.run(way, "purified", set: settings, file), file)
    let error = Self.moveError(found, Self.moves(file["purified_l2_\(steps)"].doubles, file))
    // Between five and ten steps rounding takes an input of a rectifier across zero: moves are off
    // by 0.0033 with either form of convolutions.
    let tolerance = steps < 10 ? way.tolerance : Way.compiled.kinkTolerance
    #expect(error <= tolerance, "moves after \(steps) steps are off by \(error)")
  }

  @Test(arguments: [(Way.compiled, 1, 0.001), (.reference, 1, 0), (.reference, 5, 0.001)])
  func purifierWithSignSteps(way: Way, steps: Int, bound: Double) throws {
    let file = try VectorFile("searches")
    let found = try Self.run(
      way, "purified", set: ["norm": "linf", "steps": "\(steps)"], file)
    let share = Self.differingShare(found, file["purified_linf_\(steps)"].doubles)
    #expect(share <= bound, "\(share * 100) % of the pixels differ after \(steps) steps")
  }

  /// In f32, against what f64 does with weights whose last bit in f32 is changed at random.
  @Test(arguments: Repository.runsLongTests ? [5, 10] : [5])
  func signStepsAmplifyRoundingOnly(steps: Int) throws {
    let file = try VectorFile("searches")
    let settings = ["norm": "linf", "steps": "\(steps)"]
    let expected = file["purified_linf_\(steps)"].doubles
    let compiled = Self.differingShare(
      try Self.run(.compiled, "purified", set: settings, file), expected)
    let graph = try VectorTests.definition.graph(
      "purified", set: settings, inputs: file.inputs("x"))
    var generator = SeededGenerator(seed: 1)
    let noisy = try VectorTests.weights(graph, ["tiny", "heads"]).sorted { $0.key < $1.key }
      .map { name, tensor in
        let numbers = tensor.doubles.map {
          $0 * (Bool.random(using: &generator) ? 1 + 0x1p-23 : 1 - 0x1p-23)
        }
        return (name, HostTensor(tensor.shape, numbers))
      }
    let altered = try graph.interpreted(
      file.inputs("x"), weights: Dictionary(uniqueKeysWithValues: noisy))
    let amplified = Self.differingShare(altered["purified"].doubles, expected)
    #expect(
      compiled <= 2 * amplified,
      "\(compiled) of the pixels differ after \(steps) steps, \(amplified) by rounding weights")
  }

  @Test(arguments: ["l2", "l1"], Way.allCases)
  func attacksWithLengthSteps(norm: String, way: Way) throws {
    let file = try VectorFile("searches")
    let sizes = norm == "l2" ? ("0.5", "0.1") : ("8.0", "2.0")
    let settings = ["norm": norm, "epsilon": sizes.0, "step_size": sizes.1]
    let found = Self.moves(try Self.run(way, "attacked", set: settings, file), file)
    let error = Self.moveError(found, Self.moves(file["pgd_\(norm)_ce"].doubles, file))
    #expect(error <= way.tolerance, "moves are off by \(error)")
  }

  @Test(arguments: ["ce", "margin"], [(Way.reference, 0.001), (.compiled, 0.01)])
  func attacksWithSignSteps(loss: String, way: (Way, bound: Double)) throws {
    let file = try VectorFile("searches")
    let found = try Self.run(way.0, "attacked", set: ["loss": loss], file)
    let share = Self.differingShare(found, file["pgd_linf_\(loss)"].doubles)
    #expect(share <= way.bound, "\(share * 100) % of the pixels differ")
  }
}
