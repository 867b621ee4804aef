import Foundation
import RetortDefence
import RetortDriver
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// Epochs that are taken back.
///
/// The training has one weight, to which its three steps, one an epoch, add 1, -1 and 1; what is
/// measured is that weight. So it ends as 1 where nothing is taken back, and as 2 where the second
/// epoch is.
struct EpochValidationTests {
  private let space: TemporaryFolder
  private let images = SyntheticSet.test(count: 40)
  private let library: GraphLibrary

  private static let walk = """
    graph walk(x: f32[n, 3, h, w], iteration: f32[]) -> (loss: f32[]) {
      parameter level: f32[] init fill(0)
      buffer turns: f32[] as "optimiser.turns" init fill(0)
      update level = level + 2 * (iteration - 2) * (iteration - 2) - 1
      update turns = turns + 1
      return mean(x)
    }
    """

  private static let watch = """
    graph watch(x: f32[n, 3, h, w]) -> (reached: f32[n]) {
      parameter level: f32[]
      return mean(x, axes: [1, 2, 3]) * 0 + level
    }
    """

  /// A library of these two graphs alone; the folder makes it one.
  init() throws {
    space = try TemporaryFolder()
    try AtomicFile.createFolder(space.file("blocks"))
    try space.write(Self.walk, to: "walk.graph")
    try space.write(Self.watch, to: "watch.graph")
    library = try GraphLibrary.locate(space.path)
  }

  private func recipe(_ fall: String = "") throws -> Recipe {
    try Recipe(
      reading: space.write(
        """
        {"kind": "training", "graph": "walk.graph", "images": 32, "batch": 32, "epochs": 3,
         "validate": {"graph": "watch.graph", "images": 8\(fall)}}
        """, to: "recipe.json"))
  }

  private func train(_ recipe: Recipe, _ listener: Listener) throws {
    var request = Request(path: library.path(recipe.graph), library: library)
    request.threadCount = 1
    try Trainer(
      recipe: recipe, images: images, request: request, target: space.file("out.safetensors"),
      observer: listener
    ).run()
  }

  private func tensor(_ name: String, _ file: String) throws -> HostTensor? {
    try TensorFile.read(space.file(file)).first { $0.name == name }?.tensor
  }

  /// Only a fall by more than `fall` counts, and the weights are those of before then.
  @Test(arguments: [("", 2), (#", "fall": 0.999"#, 2), (#", "fall": 1"#, 1)])
  func anEpochThatFallsTooFarIsTakenBack(fall: String, end: Int) throws {
    let listener = Listener()
    try train(recipe(fall), listener)
    let taken = end == 2 ? "  fell, so the epoch is taken back" : ""
    let wanted = ["reached 1", "reached 0" + taken, "reached \(end)"]
    #expect(listener.lines.count == wanted.count)
    for (line, ending) in zip(listener.lines, wanted) {
      #expect(line.hasSuffix("  " + ending), "\(line)")
    }
    #expect(try tensor("level", "out.safetensors") == HostTensor(Float(end)))
  }

  /// The second epoch is compared with the first though another process ran that, and the third
  /// with what the second was taken back to.
  @Test(arguments: [1, 2])
  func aResumedTrainingGoesOnComparing(epoch: Int) throws {
    let recipe = try recipe()
    let name = "out.safetensors.checkpoint.safetensors"
    let listener = Listener { [space] line in
      guard line.hasPrefix("epoch \(epoch + 1)/") else { return }
      try? FileManager.default.copyItem(atPath: space.file(name), toPath: space.file("kept"))
    }
    try train(recipe, listener)
    let expected = try space.bytes("out.safetensors")
    try FileManager.default.removeItem(atPath: space.file("out.safetensors"))
    try FileManager.default.moveItem(atPath: space.file("kept"), toPath: space.file(name))
    // The optimiser's state goes back with the weights, so that one step counts after either.
    #expect(try tensor("level", name) == HostTensor(Float(1)))
    #expect(try tensor("optimiser.turns", name) == HostTensor(Float(1)))

    let resumed = Listener()
    try train(recipe, resumed)
    let beginning = ["resumed from \(space.file(name)) at epoch \(epoch)", "there: reached 1"]
    #expect(resumed.lines == beginning + Array(listener.lines.dropFirst(epoch)))
    #expect(try space.bytes("out.safetensors") == expected)
    #expect(try tensor("level", "out.safetensors") == HostTensor(Float(2)))
  }

  @Test(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
  func whatIsTakenBackIsSaidOnStandardError() throws {
    try SyntheticSet.write(to: space.file("data"), training: 40, test: 1)
    let recipe = try recipe()
    let outcome = try CommandLineProgram.run([
      "train", recipe.path, "--data", space.file("data"), "-o", space.file("out.npz"),
      "--graphs", space.path, "--threads", "1",
    ])
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(outcome.error.contains("\nepoch 2/3  "), "\(outcome.error)")
    #expect(
      outcome.error.contains("  reached 0  fell, so the epoch is taken back\n"), "\(outcome.error)")
    #expect(try tensor("level", "out.npz") == HostTensor(Float(2)))
  }
}
