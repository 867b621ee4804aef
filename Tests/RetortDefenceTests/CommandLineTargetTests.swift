import Foundation
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// Files that a command would write over, and inputs that files do not hold.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineTargetTests {
  private let space: TemporaryFolder
  private let weights: [(name: String, tensor: HostTensor)] = [
    ("weight", HostTensor([2, 4], (0..<8).map { Float($0) })),
    ("bias", HostTensor([2], [10, -1] as [Float])),
  ]

  init() throws {
    space = try TemporaryFolder()
    try space.write(SmallGraphs.affine, to: "affine.graph")
    try space.write(weights, to: "weights.safetensors")
    try space.write([("x", HostTensor([1, 4], [1, 2, 3, 4] as [Float]))], to: "x.npy")
  }

  private func outcome(_ words: [String]) throws -> CommandLineProgram.Outcome {
    try CommandLineProgram.run(
      words + (words[0] == "convert" ? [] : ["--graphs", Repository.library.folder]),
      in: space.path)
  }

  /// Checks that a command fails with one sentence, and that nothing in the folder changes.
  private func expectRefusal(
    _ words: [String], _ sentence: String, code: Int32 = 1,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    func contents() throws -> [String: [UInt8]] {
      var contents: [String: [UInt8]] = [:]
      for name in space.names where !InputFile.isFolder(space.file(name)) {
        contents[name] = try space.bytes(name)
      }
      return contents
    }
    let before = try contents()
    let outcome = try outcome(words)
    #expect(outcome.code == code, "\(outcome)", sourceLocation: sourceLocation)
    #expect(outcome.error.contains(sentence), "\(outcome.error)", sourceLocation: sourceLocation)
    #expect(try contents() == before, sourceLocation: sourceLocation)
  }

  private let affine = [
    "run", "affine.graph", "--weights", "weights.safetensors", "--input", "x=x.npy",
  ]

  @Test func tracesReplaceNothingThatIsRead() throws {
    for target in ["affine.graph", "x.npy", "weights.safetensors"] {
      try expectRefusal(
        affine + ["--profile", target], "\(target): error: would be replaced by what is made of it")
    }
    try expectRefusal(
      affine + ["--output", "y=y.npy", "--profile", "nowhere/t.json"], "nowhere/t.json: error: ")
  }

  @Test func noFileIsWrittenTwice() throws {
    let twice = "'y.npz' would be written twice"
    try expectRefusal(affine + ["--output", "y=y.npz", "--output", "y=y.npz"], twice, code: 64)
    try expectRefusal(affine + ["--output", "y=./y.npz", "--profile", "y.npz"], twice, code: 64)
    try expectRefusal(affine + ["--output", "y=y.npz", "--save-weights", "y.npz"], twice, code: 64)
  }

  @Test func keptWeightsDoNotLoseWhatTheirFileHolds() throws {
    let more = weights + [("head.weight", HostTensor([1], [5] as [Float]))]
    try space.write(more, to: "more.safetensors")
    var words = affine + ["--save-weights", "more.safetensors"]
    words[3] = "more.safetensors"
    // What another file holds besides is not lost.
    let other = try outcome(words.dropLast() + ["kept.npz", "--weights", "weights.safetensors"])
    #expect(other.code == 0, "\(other.error)")
    words[words.count - 1] = "weights.safetensors"
    let beside = try outcome(words + ["--weights", "weights.safetensors"])
    #expect(beside.code == 0, "\(beside.error)")
    words[words.count - 1] = "more.safetensors"
    try expectRefusal(
      words,
      "more.safetensors: error: would lose weights that the graph does not take, such as"
        + " 'head.weight'\n")
    try space.write("graph twice(x: f32[n, 4]) -> f32[n, 4] { return x * 2 }", to: "twice.graph")
    try expectRefusal(
      ["run", "twice.graph", "--input", "x=x.npy", "--save-weights", "kept.npz"],
      "twice.graph: error: has no weights that '--save-weights' could keep\n")
  }

  /// The definition, which is wrong, is not read yet.
  @Test func whatCannotBeWrittenIsToldBeforeTheWork() throws {
    try space.write("graph f(", to: "wrong.graph")
    for words in [
      ["compile", "wrong.graph", "-o", "none/p.retort"],
      ["export", "wrong.graph", "-o", "none/m.onnx"], ["demo", "-o", "none/d.png"],
    ] {
      let outcome = try outcome(words)
      #expect(outcome.code == 1, "\(outcome)")
      #expect(
        outcome.error
          == "\(words[words.count - 1]): error: cannot be written: No such file or directory\n")
    }
    try expectRefusal(
      ["demo", "-o", "affine.graph"],
      "affine.graph: error: would be a picture, for which '.graph' does not stand\n"
        + "    = hint: end the name in .png\n")
  }

  @Test func convertedFilesDoNotReplaceTheirSource() throws {
    try expectRefusal(
      ["convert", "weights.safetensors", "weights.safetensors"],
      "weights.safetensors: error: would be replaced by what is made of it")
  }

  @Test func aPictureIsNotPurifiedIntoItsOwnPlace() throws {
    try space.write(SmallGraphs.purifier, to: "purifier.graph")
    let grey = RGBImage(width: 32, height: 32, bytes: [UInt8](repeating: 128, count: 3072))
    let picture = try space.write(PNG.encode(grey), to: "a.png")
    try expectRefusal(
      ["purify", "purifier.graph", "--images", picture, "-o", space.path],
      "a.png: error: would be replaced by what is made of it")
  }

  /// Named itself, or led to by a link in another folder.
  @Test func aPictureOfAFolderIsNotReplaced() throws {
    try space.write(SmallGraphs.purifier, to: "purifier.graph")
    let grey = RGBImage(width: 32, height: 32, bytes: [UInt8](repeating: 128, count: 3072))
    try AtomicFile.createFolder(space.file("pictures"))
    try space.write(PNG.encode(grey), to: "pictures/a.png")
    try AtomicFile.createFolder(space.file("links"))
    try FileManager.default.createSymbolicLink(
      atPath: space.file("links/a.png"), withDestinationPath: "../pictures/a.png")
    let bytes = try space.bytes("pictures/a.png")
    for (source, target) in [
      ("pictures", "pictures/a.png"), ("pictures", "links"), ("links", "pictures"),
    ] {
      try expectRefusal(
        ["purify", "purifier.graph", "--images", source, "-o", target],
        "a.png: error: is one of the images, and would be replaced by what is made of them\n")
    }
    #expect(try space.bytes("pictures/a.png") == bytes)
  }

  @Test func importsDoNotReplaceWeightsOfAnotherOrigin() throws {
    let made = try outcome([
      "export", "affine.graph", "--weights", "weights.safetensors", "--set", "n=1", "-o", "m.onnx",
    ])
    try #require(made.code == 0, "\(made.error)")
    let words = ["import", "m.onnx", "-o", "weights.graph"]
    let refused = try CommandLineProgram.run(words, in: space.path)
    #expect(refused.code == 1)
    #expect(
      refused.error == """
        weights.safetensors: error: is there already, and would be replaced by the model's weights
            = hint: give -o another name, or move the file away

        """)
    #expect(!space.exists("weights.graph"))
    #expect(try TensorFile.read(space.file("weights.safetensors")).count == 2)
    // An import is repeated over its own.
    for _ in 0..<2 {
      let outcome = try CommandLineProgram.run(
        ["import", "m.onnx", "-o", "m.graph"], in: space.path)
      #expect(outcome.code == 0, "\(outcome.error)")
    }
  }

  @Test func labelsThatAFileLacksAreMissed() throws {
    try space.write("graph count(y: i32[n]) -> i32[n] { return y }", to: "count.graph")
    let grey = RGBImage(width: 32, height: 32, bytes: [UInt8](repeating: 128, count: 3072))
    try space.write(PNG.encode(grey), to: "a.bin")
    try expectRefusal(
      ["run", "count.graph", "--input", "y=a.bin:labels"], "a.bin: error: has no labels\n")
  }

  @Test func keysOfAnotherTypeAreToldHowFilesHoldThem() throws {
    try space.write(
      """
      graph draw(key: key[n]) -> f32[n] { return uniform(key, shape: [n], low: 0, high: 1) }
      """, to: "draw.graph")
    let hint = "    = hint: keys are read as uint32 with a last axis of two words\n"
    let run = ["run", "draw.graph", "--input", "key=key.npy"]
    try space.write([("key", HostTensor([2, 2], [1, 2, 3, 4] as [Int64]))], to: "key.npy")
    try expectRefusal(run, "'key' is key[n], but the file holds i64[2, 2]\n\(hint)")
    try space.write([("key", HostTensor([3], [1, 2, 3] as [UInt32]))], to: "key.npy")
    try expectRefusal(run, "'key' is key[3], but u32[3] is given\n\(hint)")
  }
}
