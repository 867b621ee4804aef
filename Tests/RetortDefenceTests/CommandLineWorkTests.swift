import Foundation
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// Training, purifying and drawing images from the command line.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineWorkTests {
  private let space: TemporaryFolder
  private let library = ["--graphs", Repository.library.folder, "--threads", "1"]

  init() throws { space = try TemporaryFolder() }

  private func draw(training: Int = 64) throws {
    let outcome = try CommandLineProgram.run([
      "data", "synthetic", "-o", space.file("data"), "--training", "\(training)", "--test", "3",
    ])
    try #require(outcome.code == 0, "\(outcome.error)")
    #expect(
      outcome.output
        == "\(space.file("data")): data_batch_1.bin, test_batch.bin, batches.meta.txt\n")
  }

  private func recipe(epochs: Int) throws -> String {
    try space.write(SmallGraphs.training, to: "fit.graph")
    return try space.write(
      """
      {"kind": "training", "graph": "fit.graph", "epochs": \(epochs), "batch": 16, "rate": 0.02}
      """,
      to: "recipe.json")
  }

  private func training(_ recipe: String, to target: String) -> [String] {
    ["train", recipe, "--data", space.file("data"), "-o", space.file(target)] + library
  }

  @Test func trainingWritesWeightsThatPurifyTakes() throws {
    try draw()
    let trained = try CommandLineProgram.run(training(recipe(epochs: 2), to: "w.safetensors"))
    #expect(trained.code == 0, "\(trained.error)")
    #expect(trained.output == "\(space.file("w.safetensors")): written\n")
    #expect(trained.error.contains("epoch 2/2  accuracy "))
    #expect(space.names == ["data", "fit.graph", "recipe.json", "w.safetensors"])

    let purifier = try space.write(SmallGraphs.purifier, to: "purifier.graph")
    let purify = ["purify", purifier, "--weights", space.file("w.safetensors")] + library
    let test = ["--images", space.file("data/test_batch.bin")]
    let purified = try CommandLineProgram.run(purify + test + ["-o", space.file("pictures")])
    #expect(purified.code == 0, "\(purified.error)")
    #expect(purified.output.hasPrefix("image         before  after  label\n"), "\(purified.output)")
    #expect(purified.output.contains("\nright before: "))
    #expect(
      try InputFile.names(inFolder: space.file("pictures"))
        == (0..<3).map { "test_batch-\($0).png" })

    // PNG files in, one PNG file out; the noise of another seed.
    let single = try CommandLineProgram.run(
      purify + [
        "--images", space.file("pictures/test_batch-1.png"), "-o", space.file("one.png"),
        "--seed", "4",
      ])
    #expect(single.code == 0, "\(single.error)")
    #expect(try Images.read(space.file("one.png")).pixels.shape == [1, 3, 32, 32])
    #expect(try space.bytes("one.png") != space.bytes("pictures/test_batch-1.png"))

    let scored = try CommandLineProgram.run(
      purify + [
        "--images", space.file("pictures"), "-o", space.file("scored.npy"), "--labels",
        space.file("data/test_batch.bin"),
      ])
    #expect(scored.code == 0, "\(scored.error)")
    #expect(scored.output.contains("\nright before: "))

    let many = try CommandLineProgram.run(purify + test + ["-o", space.file("many.png")])
    #expect(many.code == 1)
    #expect(
      many.error.hasPrefix("\(space.file("many.png")): error: a PNG file holds one image, not 3\n"))
    let picture = try CommandLineProgram.run(purify + test + ["-o", space.file("one.jpg")])
    #expect(picture.code == 1)
    #expect(picture.error.contains("one.jpg: error: images are not written in this format\n"))
    let records = try CommandLineProgram.run(purify + test + ["-o", space.file("records.bin")])
    #expect(records.code == 0, "\(records.error)")
    #expect(try Images.read(space.file("records.bin")).labels == [0, 1, 2])
    let floats = try CommandLineProgram.run(purify + test + ["-o", space.file("ALL.NPY")])
    #expect(floats.code == 0, "\(floats.error)")
    let first = try CommandLineProgram.run(
      purify + test + ["-o", space.file("first.npy"), "--count", "1"])
    #expect(first.code == 0)
    #expect(try Images.read(space.file("first.npy")).count == 1)
  }

  /// Written and read again they are the same, with the labels they had.
  @Test func labelsStayWithTheImagesOfAFolder() throws {
    try draw()
    let purifier = try space.write(SmallGraphs.purifier, to: "purifier.graph")
    let training = space.file("data/data_batch_1.bin")
    let (weights, pictures) = (space.file("w.safetensors"), space.file("pictures"))
    try #require(
      CommandLineProgram.run(self.training(recipe(epochs: 1), to: "w.safetensors")).code == 0)
    let purify =
      ["purify", purifier, "--weights", weights, "--set", "strength=0"] + library
    func answers(_ words: [String]) throws -> (lines: [Substring], error: String) {
      let outcome = try CommandLineProgram.run(purify + words)
      #expect(outcome.code == 0, "\(outcome.error)")
      return (outcome.output.split(separator: "\n"), outcome.error)
    }
    let first = try answers(["--images", training, "--count", "12", "-o", pictures])
    let second = try answers(
      ["--images", pictures, "--labels", training, "-o", space.file("again.npy")])
    func columns(_ lines: [Substring]) -> [[Substring]] {
      lines.dropFirst(2).map { Array($0.split(separator: " ").dropFirst()) }
    }
    #expect(columns(second.lines) == columns(first.lines))
    #expect(
      second.error.contains(
        "note: \(training) has 64 labels; the first 12 are taken, for the images in the order of"
          + " their names\n"), "\(second.error)")
    let counted = try answers([
      "--images", pictures, "--labels", training, "--count", "3", "-o", space.file("three.npy"),
    ])
    #expect(!counted.error.contains("labels"), "\(counted.error)")
  }

  @Test func imagesAndLabelsAreInputsToo() throws {
    try draw()
    let graph = try space.write(
      """
      graph count(x: f32[n, 3, 32, 32], y: i32[n]) -> (bright: f32[n], label: i32[n]) {
        return mean(x, axes: [1, 2, 3]), y
      }

      """, to: "count.graph")
    let file = space.file("data/test_batch.bin")
    let outcome = try CommandLineProgram.run(
      ["run", graph, "--input", "x=\(file)", "--input", "y=\(file):labels"] + library)
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(outcome.output.contains("bright: f32[3]  "))
    #expect(outcome.output.hasSuffix("label: i32[3]  min 0  mean 1  max 2  [0 1 2]\n"))
  }

  @Test func imagesThatDoNotFitAreRefused() throws {
    let purifier = try space.write(SmallGraphs.purifier, to: "purifier.graph")
    let small = try space.write(
      Npy.encode(HostTensor(zeros: TensorType(.f32, [1, 3, 16, 24]))), to: "small.npy")
    let words = ["purify", purifier, "-o", space.file("out")] + library
    let size = try CommandLineProgram.run(words + ["--images", small])
    #expect(size.code == 1)
    #expect(
      size.error.hasPrefix(
        "\(purifier): error: 'purify' takes images of 32x32 pixels, these are 24x16\n"))
    let grey = try space.write(
      SmallGraphs.purifier.replacing(
        "x: f32[n, 3, 32, 32], key", with: "x: f32[n, 1, 32, 32], key"),
      to: "grey.graph")
    let coloured = try space.write(
      Npy.encode(HostTensor(zeros: TensorType(.f32, [1, 3, 32, 32]))), to: "coloured.npy")
    let channels = try CommandLineProgram.run(
      ["purify", grey, "-o", space.file("out"), "--images", coloured] + library)
    #expect(channels.code == 1)
    #expect(
      channels.error.hasPrefix(
        "\(coloured): error: 'x' is f32[n, 1, 32, 32] with n = 1, but the file holds"
          + " f32[1, 3, 32, 32]\nnote: 'x' is declared in \(grey)\n"), "\(channels.error)")
    let missing = try CommandLineProgram.run(words + ["--images", space.file("none")])
    #expect(missing.code == 1)
    #expect(missing.error.hasPrefix("\(space.file("none")): error: cannot be read: "))
    let plan = space.file("plan.retort")
    _ = try CommandLineProgram.run(["compile", purifier, "-o", plan] + library)
    let compiled = try CommandLineProgram.run(
      ["purify", plan, "-o", space.file("out"), "--images", small] + library)
    #expect(compiled.code == 1)
    #expect(
      compiled.error.hasPrefix(
        "\(plan): error: holds one graph, and purifying asks a classifier too\n"))
    let slower = try CommandLineProgram.run(
      ["purify", plan, "-o", space.file("out"), "--images", small, "--backend", "reference"]
        + library)
    #expect(slower.code == 1)
    #expect(
      slower.error.hasPrefix(
        "\(plan): error: is a plan, which '--backend' cannot change any more\n"))
    let unlabelled = try CommandLineProgram.run(
      ["train", recipe(epochs: 1), "--data", small, "-o", space.file("w.npz")] + library)
    #expect(unlabelled.code == 1)
    #expect(unlabelled.error.hasPrefix("\(small): error: has no labels\n"))
    #expect(!space.exists("out") && !space.exists("w.npz"))
  }

  /// The checkpoint outlives the interrupt; the run that follows goes on from it.
  @Test(arguments: [SIGINT, SIGTERM])
  func anInterruptedTrainingGoesOn(signal: Int32) throws {
    try draw()
    let endless = try training(recipe(epochs: 1_000_000), to: "w.npz")
    let checkpoint = space.file("w.npz.checkpoint.safetensors")
    let running = try CommandLineProgram.Running(endless, folder: space.path)
    try running.wait { space.exists("w.npz.checkpoint.safetensors") }
    kill(running.identifier, signal)
    let outcome = try running.wait()
    #expect(outcome.code == 130, "\(outcome.error)")
    #expect(outcome.output.isEmpty)
    #expect(
      space.names
        == ["data", "fit.graph", "recipe.json", "w.npz.checkpoint.safetensors"])
    let stored = try TensorFile.read(checkpoint)
    #expect(
      Set(stored.map(\.name)).isSuperset(of: ["head.weight", "optimiser.velocity.head.weight"]))

    let again = try CommandLineProgram.Running(endless, folder: space.path)
    let before = try InputFile.read(checkpoint)
    try again.wait { try InputFile.read(checkpoint) != before }
    kill(again.identifier, signal)
    let resumed = try again.wait()
    #expect(resumed.code == 130)
    #expect(resumed.error.hasPrefix("resumed from \(checkpoint) at epoch "), "\(resumed.error)")
  }

  @Test func trainingUnderNohupOutlivesItsTerminal() throws {
    try draw()
    let running = try CommandLineProgram.Running(
      training(recipe(epochs: 1_000_000), to: "w.npz"), folder: space.path, outlivesTerminal: true
    )
    let checkpoint = space.file("w.npz.checkpoint.safetensors")
    try running.wait { space.exists("w.npz.checkpoint.safetensors") }
    kill(running.identifier, SIGHUP)
    let before = try InputFile.read(checkpoint)
    try running.wait { try InputFile.read(checkpoint) != before }
    kill(running.identifier, SIGTERM)
    #expect(try running.wait().code == 130)
  }

  @Test func imagesCannotBeDrawnIntoAFile() throws {
    let taken = try space.write("", to: "taken")
    let outcome = try CommandLineProgram.run(["data", "synthetic", "-o", taken, "--training", "1"])
    #expect(outcome.code == 1)
    #expect(outcome.error.hasPrefix("\(taken): error: the folder cannot be created: "))
  }
}
