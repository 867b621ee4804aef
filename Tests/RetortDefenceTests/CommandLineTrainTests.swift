import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// Trainings whose data or settings are wrong.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineTrainTests {
  private let space: TemporaryFolder
  /// Three records of CIFAR-10.
  private let records = Cifar(
    labels: [1, 2, 3], pixels: [UInt8](repeating: 90, count: 3 * Cifar.pixelBytes)
  ).encoded

  init() throws { space = try TemporaryFolder() }

  private func recipe(_ fields: String = "") throws -> String {
    try space.write(SmallGraphs.training, to: "fit.graph")
    return try space.write(
      #"{"kind": "training", "graph": "fit.graph", "batch": 2, "rate": 0.02"# + fields + "}",
      to: "recipe.json")
  }

  /// What a training says that ends with exit code 1 and writes nothing.
  private func refusal(_ recipe: String, data: String, _ more: String...) throws -> String {
    let outcome = try CommandLineProgram.run(
      [
        "train", recipe, "--data", data, "-o", space.file("w.npz"), "--graphs",
        Repository.library.folder, "--threads", "1",
      ] + more)
    #expect(outcome.code == 1, "\(outcome.error)")
    #expect(outcome.output.isEmpty)
    #expect(!space.names.contains { $0.hasPrefix("w.npz") })
    return outcome.error
  }

  @Test func dataThatIsCutShortIsRefused() throws {
    let sentence = "has 9218 bytes, which is not a whole number of records of 3073"
    let cut = Array(records.dropLast())
    let file = try space.write(cut, to: "cut.bin")
    #expect(try refusal(recipe(), data: file) == "\(file): error: \(sentence)\n")
    // In a folder it is said which of its files.
    try AtomicFile.createFolder(space.file("data"))
    try space.write(records, to: "data/data_batch_1.bin")
    let second = try space.write(cut, to: "data/data_batch_2.bin")
    #expect(
      try refusal(recipe(), data: space.file("data")) == "\(second): error: \(sentence)\n")
  }

  @Test(arguments: [UInt8(10), 255])
  func aLabelThatIsNoneIsRefused(label: UInt8) throws {
    var bytes = records
    bytes[Cifar.pixelBytes + 1] = label
    let file = try space.write(bytes, to: "strange.bin")
    #expect(
      try refusal(recipe(), data: file)
        == "\(file): error: record 1 has the label \(label); there are 10 classes\n")
  }

  /// Nobody typed the recipe's settings; what was typed goes before them and is told as typed.
  @Test func aWrongSettingIsToldWhereItStands() throws {
    let data = try space.write(records, to: "data.bin")
    let sentence = "'fit' has no argument or dimension 'stps'\n"
    let wrong = #", "set": {"stps": 1}"#
    let own = try refusal(recipe(wrong), data: data)
    #expect(own.hasPrefix("\(space.file("recipe.json")): error: stps=1: \(sentence)"), "\(own)")
    #expect(!own.contains("--set"), "\(own)")
    let typed = try refusal(recipe(), data: data, "--set", "stps=1")
    #expect(typed.hasPrefix("--set stps=1: error: \(sentence)"), "\(typed)")
    let both = try refusal(recipe(wrong), data: data, "--set", "stps=2")
    #expect(both.hasPrefix("--set stps=2: error: \(sentence)"), "\(both)")
  }

  /// What is kept of a training on top of them has none of them.
  @Test func weightsThatARecipeNamesAreNotReplaced() throws {
    let data = try space.write(records, to: "data.bin")
    let weights = try space.write(
      [("backbone.weight", HostTensor([1], [5] as [Float]))], to: "backbone.npz")
    let bytes = try space.bytes("backbone.npz")
    let training = try recipe(", \"weights\": [\"\(weights)\"]")
    let outcome = try CommandLineProgram.run([
      "train", training, "--data", data, "-o", weights, "--graphs", Repository.library.folder,
      "--threads", "1",
    ])
    #expect(outcome.code == 1)
    #expect(
      outcome.error == """
        \(weights): error: would be replaced by what is made of it
            = hint: give -o another name

        """)
    #expect(try space.bytes("backbone.npz") == bytes)
  }

  /// Heads on a backbone that was drawn at random are worth nothing.
  @Test func whatIsTrainedUponMustBeGiven() throws {
    let data = try space.write(records, to: "data.bin")
    let training = try recipe()
    try space.write(
      SmallGraphs.training.replacing(
        "seen = x", with: "parameter scale: f32[1] init fill(1)\n  seen = scale * x"
      ).replacing("optimiser: optimiser)", with: "prefix: \"head\", optimiser: optimiser)"),
      to: "fit.graph")
    let said = try refusal(training, data: data)
    #expect(said.contains("the training never changes 'scale', and no file of weights holds it"))
    #expect(said.contains("--weights FILE"))
  }
}
