import Foundation
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// Running graphs, and what is said when their files are wrong.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineRunTests {
  private let space: TemporaryFolder
  private let definition: String
  private let weights: String
  private let input: String

  init() throws {
    space = try TemporaryFolder()
    definition = try space.write(SmallGraphs.affine, to: "affine.graph")
    weights = try space.write(
      [
        ("weight", HostTensor([2, 4], [1, 2, 3, 4, 0.5, 0, -0.5, 1] as [Float])),
        ("bias", HostTensor([2], [10, -1] as [Float])),
      ], to: "weights.safetensors")
    input = try space.write(
      [("x", HostTensor([3, 4], (0..<12).map { Float($0) }))], to: "x.npy")
  }

  /// `retort run affine.graph` with its library.
  private func run(_ words: [String], definition: String? = nil) throws
    -> CommandLineProgram.Outcome
  {
    let library = ["--graphs", Repository.library.folder, "--threads", "1"]
    return try CommandLineProgram.run(
      ["run", definition ?? self.definition] + library + words, in: space.path)
  }

  /// Checks that a run fails with one sentence, exit code 1, and no file made.
  private func expectRefusal(
    _ words: [String], _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = space.names
    let outcome = try run(words)
    #expect(outcome.code == 1, "\(outcome)", sourceLocation: sourceLocation)
    #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
    for part in parts {
      #expect(outcome.error.contains(part), "\(outcome.error)", sourceLocation: sourceLocation)
    }
    #expect(space.names == before, sourceLocation: sourceLocation)
  }

  @Test(arguments: ["y.npy", "y.npz", "y.safetensors"])
  func resultsAreWrittenBySuffix(_ name: String) throws {
    let outcome = try run(
      ["--weights", weights, "--input", "x=\(input)", "--output", "y=\(space.file(name))"])
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(outcome.output.isEmpty)
    let stored = try TensorFile.read(space.file(name))
    // Rows x = 4i..4i+3: 1x0 + 2x1 + 3x2 + 4x3 + 10 and 0.5x0 - 0.5x2 + x3 - 1.
    #expect(stored.map(\.tensor) == [HostTensor([3, 2], [30, 1, 70, 5, 110, 9] as [Float])])
  }

  @Test func weightsAreSavedAsTheRunLeavesThem() throws {
    let step = try space.write(
      """
      graph step(x: f32[n]) -> (y: f32[n]) {
        parameter w: f32[]
        buffer turns: f32[]
        update w = w - 0.5
        update turns = turns + 1
        return x * w
      }
      """, to: "step.graph")
    var given = try space.write(
      [("w", HostTensor(Float(2))), ("turns", HostTensor(Float(0)))], to: "given.npz")
    let x = try space.write([("x", HostTensor([1], [3] as [Float]))], to: "one.npy")
    for turn in 1...2 {
      let saved = space.file("saved\(turn).safetensors")
      let outcome = try run(
        ["--weights", given, "--input", "x=\(x)", "--save-weights", saved], definition: step)
      #expect(outcome.code == 0, "\(outcome.error)")
      given = saved
    }
    let tensors = try TensorFile.read(given)
    #expect(tensors.map(\.name) == ["w", "turns"])
    #expect(tensors.map(\.tensor) == [HostTensor(Float(1)), HostTensor(Float(2))])
    let both = try run(["--profile", "t.json", "--save-weights", "w.npz"], definition: step)
    #expect(both.code == 64)
    #expect(both.error.contains("'--profile' runs twice"))
  }

  @Test func aResultWithoutFileIsSummarised() throws {
    let outcome = try run(["--weights", weights, "--input", "x=\(input)"])
    #expect(outcome.code == 0)
    #expect(outcome.output == "y: f32[3, 2]  min 1  mean 37.5000  max 110  [30 1 70 5 110 9]\n")
  }

  @Test func aPlanGivesWhatItsDefinitionGives() throws {
    let plan = space.file("a plan.retort")
    let compiled = try CommandLineProgram.run([
      "compile", definition, "--graphs", Repository.library.folder, "--set", "n=3", "--weights",
      weights, "-o", plan,
    ])
    #expect(compiled.code == 0, "\(compiled.error)")
    for (name, file) in [("a.npy", definition), ("b.npy", plan)] {
      let words = ["--input", "x=\(input)", "--output", "y=\(space.file(name))"]
      let outcome = try run(words + (file == plan ? [] : ["--weights", weights]), definition: file)
      #expect(outcome.code == 0, "\(outcome.error)")
    }
    #expect(try space.bytes("a.npy") == space.bytes("b.npy"))
    let summary = try CommandLineProgram.run(["inspect", plan])
    #expect(summary.output.contains("graph affine(x: f32[3, 4]) -> (y: f32[3, 2])\n"))
    #expect(summary.output.contains("-o '\(plan)'"))
    // A plan needs no library beside it.
    let alone = try CommandLineProgram.run(
      ["run", plan, "--input", "x=\(input)"], in: space.path)
    #expect(alone.code == 0, "\(alone.error)")

    var damaged = try space.bytes("a plan.retort")
    damaged[damaged.count - 70] ^= 1
    try space.write(damaged, to: "damaged.retort")
    try space.write(Array(damaged.prefix(100)), to: "cut.retort")
    for name in ["damaged.retort", "cut.retort"] {
      let outcome = try run(["--input", "x=\(input)"], definition: space.file(name))
      #expect(outcome.code == 1)
      #expect(
        outcome.error.hasPrefix("\(space.file(name)): error: is damaged: "), "\(outcome.error)")
    }
    let fixed = try run(["--set", "n=3", "--input", "x=\(input)"], definition: plan)
    #expect(fixed.code == 1)
    #expect(fixed.error.contains("is a plan, which '--set' cannot change any more"))
    for options in [["--backend", "simd"], ["--entry", "main"]] {
      #expect(try run(options + ["--input", "x=\(input)"], definition: plan).code == 1)
    }
  }

  @Test func whatIsMissingIsAskedFor() throws {
    try expectRefusal(
      ["--weights", weights], "error: input 'x' (f32[1, 4]) is not given",
      "hint: give it with --input x=FILE")
    try expectRefusal(
      ["--weights", weights, "--check-finite"],
      "error: input 'x' (f32[1, 4]) is not given")
    try expectRefusal(
      ["--input", "x=\(input)"], "error: no weights are given for 'weight', 'bias'",
      "hint: name their file with --weights FILE")
    let none = space.file("none.npy")
    try expectRefusal(
      ["--weights", weights, "--input", "x=\(none)"],
      "\(none): error: cannot be read: No such file or directory")
    try expectRefusal(
      ["--weights", none, "--input", "x=\(input)"],
      "\(none): error: cannot be read: No such file or directory")
  }

  @Test func whatIsUnknownIsNamed() throws {
    let words = ["--weights", weights, "--input", "x=\(input)"]
    try expectRefusal(
      words + ["--output", "z=z.npy"], "'affine' has no result 'z'", "known here: y")
    try expectRefusal(words + ["--set", "m=2"], "'m'")
    try expectRefusal(words + ["--entry", "afine"], "'afine'", "did you mean 'affine'?")
    try expectRefusal(["--weights", weights, "--input", "w=\(input)"], "'w'")
  }

  @Test func shapesThatDoNotFitShowBothSides() throws {
    let wide = try space.write(
      [("x", HostTensor(zeros: TensorType(.f32, [3, 5])))], to: "wide.npy")
    try expectRefusal(
      ["--weights", weights, "--input", "x=\(wide)"],
      "--input x=\(wide): error: 'x' is f32[n, 4] with n = 3, but the file holds f32[3, 5]\n"
        + "    = hint: no --set changes that: give a file of f32[n, 4]\n")
    try expectRefusal(
      ["--weights", weights, "--input", "x=\(input)", "--set", "n=2"],
      "--input x=\(input): error: 'x' is f32[n, 4] with n = 2, but the file holds f32[3, 4]\n"
        + "    = hint: the file goes with --set n=3\n")
    let narrow = try space.write(
      [
        ("weight", HostTensor(zeros: TensorType(.f32, [2, 3]))),
        ("bias", HostTensor(zeros: TensorType(.f32, [2]))),
      ], to: "narrow.npz")
    try expectRefusal(
      ["--weights", narrow, "--input", "x=\(input)"],
      "\(narrow): error: 'weight' is f32[2, 3], but the definition expects f32[2, 4] for 'weight'")
  }

  /// Where the extents are a compiled file's own.
  @Test func shapesThatDoNotFitAPlanOrAModelNameTheirFile() throws {
    let library = ["--graphs", Repository.library.folder, "--set", "n=2", "--weights", weights]
    let (plan, model) = (space.file("p.retort"), space.file("m.onnx"))
    for (command, file) in [("compile", plan), ("export", model)] {
      let made = try CommandLineProgram.run([command, definition, "-o", file] + library)
      #expect(made.code == 0, "\(made.error)")
    }
    let planned = try run(["--input", "x=\(input)"], definition: plan)
    #expect(planned.code == 1)
    #expect(
      planned.error.hasPrefix(
        "--input x=\(input): error: 'x' is f32[2, 4], but f32[3, 4] is given\n"
          + "    = hint: "), "\(planned.error)")
    let modelled = try run(["--input", "x=\(input)"], definition: model)
    #expect(modelled.code == 1)
    #expect(
      modelled.error.hasPrefix(
        "--input x=\(input): error: 'x' of \(model) is f32[2, 4], but the file holds f32[3, 4]"),
      "\(modelled.error)")
  }

  @Test func weightsThatAreNotNumbersAreRefused() throws {
    let broken = try space.write(
      [
        ("weight", HostTensor([2, 4], [0, 0, 0, .nan, 0, 0, 0, 0] as [Float])),
        ("bias", HostTensor([2], [0, .infinity] as [Float])),
      ], to: "broken.npz")
    try expectRefusal(
      ["--weights", broken, "--input", "x=\(input)"],
      "\(broken): error: 'weight' holds nan at element 3\n",
      "\(broken): error: 'bias' holds inf at element 1\n", "weights must be finite")
  }

  @Test func aNodeThatMakesInfinityIsFound() throws {
    let odd = try space.write(
      "graph odd(x: f32[n]) -> (y: f32[n]) {\n  h = 1 / x\n  return h * 0\n}\n", to: "odd.graph")
    let zeros = try space.write([("x", HostTensor([2], [1, 0] as [Float]))], to: "zeros.npy")
    let checked = try run(["--input", "x=\(zeros)", "--check-finite"], definition: odd)
    #expect(checked.code == 1)
    #expect(checked.error.contains("\(odd):2:"), "\(checked.error)")
    let unchecked = try run(["--input", "x=\(zeros)"], definition: odd)
    #expect(unchecked.code == 0)
    #expect(unchecked.output.contains("[0 nan]") || unchecked.output.contains("[0 -nan]"))
  }

  @Test func aCheckedRunTakesTheInputsOfARun() throws {
    let drawn = try space.write(
      "graph drawn(key: key[n], k: i32[n]) -> (y: f32[n]) {\n"
        + "  return uniform(key, shape: [n]) + convert(k, type: f32)\n}\n", to: "drawn.graph")
    let negative = try space.write(
      [("key", HostTensor([1], [-1] as [Int32]))], to: "key.npy")
    let large = try space.write(
      [("k", HostTensor([1], [1 << 40] as [Int64]))], to: "large.npy")
    let small = try space.write([("k", HostTensor([1], [2] as [Int64]))], to: "small.npy")
    for extra in [[], ["--check-finite"]] {
      let keyed = try run(
        ["--input", "key=\(negative)", "--input", "k=\(small)"] + extra, definition: drawn)
      #expect(keyed.code == 1)
      #expect(keyed.error.contains("'key' is key[1], but i32[1] is given"))
      let cut = try run(["--input", "k=\(large)"] + extra, definition: drawn)
      #expect(cut.code == 1)
      #expect(cut.error.contains("'k' is i32[1], but integers beyond that are given"))
      #expect(try run(["--input", "k=\(small)"] + extra, definition: drawn).code == 0)
    }
  }

  @Test func truncatedFilesAreRefused() throws {
    for (file, kind) in [(input, "x.npy"), (weights, "w.safetensors")] {
      let whole = try InputFile.read(file)
      for count in [0, 5, whole.count / 2, whole.count - 1] {
        let cut = try space.write(Array(whole.prefix(count)), to: "cut-\(kind)")
        let words =
          file == input
          ? ["--weights", weights, "--input", "x=\(cut)"]
          : ["--weights", cut, "--input", "x=\(input)"]
        try expectRefusal(words, "\(cut): error: ")
      }
    }
  }

  @Test func mistakesInADefinitionShowTheirPlace() throws {
    let wrong = try space.write(
      "graph wrong(x: f32[n, 4]) -> (y: f32[n, 4]) {\n  y = relo(x)\n  return y\n}\n",
      to: "wrong.graph")
    let outcome = try run([], definition: wrong)
    #expect(outcome.code == 1)
    #expect(outcome.error.hasPrefix("\(wrong):2:7: error: "), "\(outcome.error)")
    #expect(outcome.error.contains("    2 |   y = relo(x)\n"))
    let cut = try space.write("graph wrong(x: f32[n", to: "cut.graph")
    let unfinished = try run([], definition: cut)
    #expect(unfinished.code == 1)
    #expect(unfinished.error.hasPrefix("\(cut):1:"), "\(unfinished.error)")
  }

  @Test func whereNothingCanBeWrittenNothingIsLeft() throws {
    let words = ["--weights", weights, "--input", "x=\(input)", "--output"]
    try expectRefusal(
      words + ["y=none/y.npy"], "none/y.npy: error: cannot be written: No such file or directory")
    try expectRefusal(
      words + ["y=y.txt"], "y.txt: error: has no suffix in which tensors are written")
    // Before anything is computed, or the weights are missed.
    try expectRefusal(
      ["--input", "x=\(input)", "--output", "y=y.txt"],
      "y.txt: error: has no suffix in which tensors are written")
    let link = space.file("full.npy")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/dev/full")
    try expectRefusal(
      words + ["y=\(link)"], "\(link): error: cannot be written: No space left on device")
    try FileManager.default.createDirectory(
      atPath: space.file("y.npy"), withIntermediateDirectories: true)
    try expectRefusal(words + ["y=y.npy"], "y.npy: error: cannot be written: Is a directory")
  }

  @Test func dumpsAndPlansHaveTheirTargetsCheckedToo() throws {
    let library = ["--graphs", Repository.library.folder]
    for target in ["none/out", "/dev/full"] {
      for command in ["dump", "compile"] {
        let outcome = try CommandLineProgram.run(
          [command, definition, "-o", target] + library, in: space.path)
        #expect(outcome.code == 1)
        #expect(outcome.error.contains("\(target): error: cannot be written: "), "\(outcome.error)")
      }
    }
    let names = ["affine.graph", "weights.safetensors", "x.npy"]
    #expect(space.names == names)
  }

  @Test(arguments: ["compile", "dump", "export"])
  func aDefinitionIsNotReplacedByWhatIsMadeOfIt(command: String) throws {
    let bytes = try InputFile.read(definition)
    // By another spelling of its path.
    let outcome = try CommandLineProgram.run(
      [command, definition, "-o", "./affine.graph", "--graphs", Repository.library.folder],
      in: space.path)
    #expect(outcome.code == 1)
    #expect(
      outcome.error
        == "\(definition): error: would be replaced by what is made of it\n"
        + "    = hint: give -o another name\n")
    #expect(try InputFile.read(definition) == bytes)
  }

  @Test func aFolderThatIsNoLibraryIsRefused() throws {
    let outcome = try CommandLineProgram.run(
      ["dump", definition, "--graphs", space.path], in: space.path)
    #expect(outcome.code == 1)
    #expect(outcome.error.hasPrefix("\(space.path): error: has no folder 'blocks'"))
  }

  /// What is read, by whatever option, is not written over.
  @Test func inputsAreNotReplacedByResults() throws {
    let before = (try InputFile.read(weights), try InputFile.read(input))
    let library = ["--graphs", Repository.library.folder]
    let commands = [
      ["compile", definition, "--weights", weights, "-o", weights],
      ["run", definition, "--weights", weights, "--input", "x=\(input)", "--output", "y=x.npy"],
      [
        "purify", definition, "--classifier", definition, "--images", space.path, "-o", ".",
        "--weights", weights,
      ],
    ]
    for words in commands {
      let outcome = try CommandLineProgram.run(words + library, in: space.path)
      #expect(outcome.code == 1)
      #expect(outcome.error.contains("would be replaced by what is made of it"), "\(outcome.error)")
    }
    #expect(try before == (InputFile.read(weights), InputFile.read(input)))
    #expect(space.names == ["affine.graph", "weights.safetensors", "x.npy"])
    // A step of training may keep its weights where they came from.
    let kept = try run(["--weights", weights, "--input", "x=\(input)", "--save-weights", weights])
    #expect(kept.code == 0, "\(kept.error)")
  }

  @Test func suffixesStandForWhatIsWritten() throws {
    let library = ["--graphs", Repository.library.folder]
    for (command, target, what) in [
      ("compile", "a.safetensors", "a plan"), ("export", "a.graph", "a model of ONNX"),
      ("import", "a.onnx", "a definition"),
    ] {
      let words = [command, definition, "-o", target] + (command == "import" ? [] : library)
      let outcome = try CommandLineProgram.run(words, in: space.path)
      #expect(outcome.code == 1)
      #expect(outcome.error.hasPrefix("\(target): error: would be \(what), for which '."))
      #expect(!space.names.contains(target))
    }
  }

  @Test(arguments: ["run", "dump", "compile"])
  func whatIsNotTextIsNoDefinition(command: String) throws {
    let outcome = try CommandLineProgram.run(
      [command, weights, "--graphs", Repository.library.folder], in: space.path)
    #expect(outcome.code == 1)
    #expect(outcome.error.hasPrefix("\(weights): error: is no definition: it is not text\n"))
    #expect(outcome.error.utf8.count < 400)
  }
}
