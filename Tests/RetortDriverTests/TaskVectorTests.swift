import RetortTensor
import RetortTestSupport
import Testing

/// The further tasks, and the tasks one by one, give PyTorch's numbers.
@Suite struct TaskVectorTests {
  static let draws = ["x", "hidden", "order", "offsets"]
  static let results = ["mask", "jigsaw", "colour"]

  static func inputs(_ file: VectorFile, _ names: [String]) -> [String: HostTensor] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, file[$0]) })
  }

  /// Losses and slopes of the three tasks under their names in a file.
  static func expectations(mode: String = "") -> [String: String] {
    var names: [String: String] = [:]
    for task in results {
      names[task] = task + mode
      names[task + "_slope"] = task + mode + "_slope"
    }
    return names
  }

  @Test(arguments: Way.allCases)
  func tasksInInferenceMode(way: Way) throws {
    let file = try VectorFile("tasks")
    try VectorTests.check(
      way, "tasks", Self.inputs(file, Self.draws), weights: ["tiny", "tasks"], of: file,
      Self.expectations())
  }

  @Test(arguments: Way.allCases)
  func tasksInTrainingMode(way: Way) throws {
    let file = try VectorFile("tasks")
    try VectorTests.check(
      way, "tasks", set: ["train": "true"], Self.inputs(file, Self.draws),
      weights: ["tiny", "tasks"], of: file, Self.expectations(mode: "_train"))
  }

  /// Decoders need a step less, and say so in the names of their weights.
  @Test(arguments: Way.allCases)
  func tasksOnMapsOfEightPixels(way: Way) throws {
    let file = try VectorFile("tasks_wide")
    try VectorTests.check(
      way, "tasks", set: ["backbone": "tiny_wide", "widths": "8,4"],
      Self.inputs(file, Self.draws), weights: ["tiny_wide", "tasks_wide"], of: file,
      Self.expectations())
  }

  @Test(arguments: Way.allCases)
  func tasksAsPurifiersDrawThem(way: Way) throws {
    let file = try VectorFile("tasks")
    try VectorTests.check(
      way, "tasks_drawn", file.inputs("x"), weights: ["tiny", "tasks"], of: file,
      Dictionary(uniqueKeysWithValues: Self.results.map { ($0, $0 + "_drawn") }))
  }

  @Test(arguments: Way.allCases)
  func drawsOfMasksAndPuzzles(way: Way) throws {
    let file = try VectorFile("tasks")
    try VectorTests.check(
      way, "draw_masks", set: ["n": "3"], [:], of: file, ["output": "drawn.hidden"],
      in: try TestDefinition(file: "graphs/objectives/random_mask.graph"), seed: 7, within: 0)
    try VectorTests.check(
      way, "draw_puzzles", set: ["n": "3"], [:], of: file,
      ["order": "drawn.order", "offsets": "drawn.offsets"],
      in: try TestDefinition(file: "graphs/objectives/jigsaw.graph"), seed: 7, within: 0)
  }

  /// Compared as moves. Where a pixel is divided by its own largest slope, a small slope's rounding
  /// becomes a move's: 6e-5 with direct convolutions, 1.1e-4 with the chosen ones.
  static let alternating: [(String, Int, Way)] =
    [
      ("image_max", 1, .exact), ("image_max", 1, .compiled), ("image_max", 2, .exact),
      ("image_max", 3, .compiled), ("channel_max", 1, .exact), ("channel_max", 1, .compiled),
      ("image_max", 1, .reference),
    ]
    + (Repository.runsLongTests
      ? [("image_max", 3, .reference), ("channel_max", 1, .reference)] : [])

  @Test(arguments: alternating)
  func tasksOneByOne(direction: String, steps: Int, way: Way) throws {
    let file = try VectorFile("alternating")
    let found = try Self.alternated(way, file, direction, steps, size: "0.2")
    let error = SearchVectorTests.moveError(
      SearchVectorTests.moves(found, file),
      SearchVectorTests.moves(file["\(direction)_\(steps)"].doubles, file))
    let tolerance = direction == "channel_max" ? way.kinkTolerance : way.tolerance
    #expect(error <= tolerance, "moves after \(steps) steps are off by \(error)")
  }

  @Test(arguments: [Way.compiled, .exact])
  func tasksOneByOneWithSigns(way: Way) throws {
    let file = try VectorFile("alternating")
    let found = try Self.alternated(way, file, "sign", 1, size: "2/255")
    let share = SearchVectorTests.differingShare(found, file["sign_1"].doubles)
    #expect(share <= 0.001, "\(share * 100) % of the pixels differ")
  }

  static func alternated(
    _ way: Way, _ file: VectorFile, _ direction: String, _ steps: Int, size: String
  ) throws -> [Double] {
    let inputs = file.inputs("x")
    let graph = try VectorTests.definition.graph(
      "alternated",
      set: ["direction": direction, "steps": "\(steps)", "step_size": size], inputs: inputs)
    let weights = try VectorTests.weights(graph, ["tiny", "heads"])
    return try way.run(graph, inputs, weights: weights)["purified"].doubles
  }
}
