import Foundation
import RetortTestSupport
import Testing

/// The contract of DESIGN 5: commands, options, exit codes.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineUsageTests {
  private let space: TemporaryFolder
  private static let definition = ["--entry", "--set", "--disable", "--exact", "--graphs"]
  private static let running = [
    "--weights", "--backend", "--threads", "--seed", "--memory-limit",
  ]
  private static let commands: [(name: String, options: [String])] = [
    ("compile", definition + running + ["--calibrate", "-o"]),
    ("dump", definition + ["--stage", "--format", "--memory", "--origins", "-o"]),
    (
      "run",
      definition + running
        + [
          "--calibrate", "--input", "--output", "--save-weights", "--precision", "--check-finite",
          "--profile",
        ]
    ),
    ("verify", definition + running + ["--tolerance"]),
    (
      "purify",
      definition + running
        + [
          "--calibrate", "--classifier", "--images", "-o", "--batch", "--key", "--count",
          "--labels",
        ]
    ),
    ("train", ["--data", "-o", "--set", "--weights", "--threads", "--backend", "--graphs"]),
    (
      "evaluate",
      [
        "--data", "-o", "--cache", "--shard", "--merge", "--count", "--weights", "--threads",
        "--backend", "--exact", "--graphs",
      ]
    ),
    (
      "bench",
      [
        "--workload", "--batch", "--seconds", "--json", "--serve", "--limits", "--compile",
        "--backend", "--threads", "--disable", "--exact", "--calibrate",
        "--memory-limit", "--graphs",
      ]
    ),
    ("import", ["--set", "-o", "--operators"]),
    ("export", definition + ["--weights", "-o", "--unroll", "--seed"]),
    ("inspect", ["--json", "--format", "--graphs"]),
    ("convert", ["--compress"]),
    ("ops", ["--markdown"]),
    ("data", ["-o", "--training", "--test"]),
    ("demo", ["-o", "--threads", "--graphs"]),
  ]

  init() throws { space = try TemporaryFolder() }

  private func run(_ words: String...) throws -> CommandLineProgram.Outcome {
    try CommandLineProgram.run(words)
  }

  @Test(arguments: commands.indices)
  func helpOfACommandNamesEveryOption(_ index: Int) throws {
    let (name, options) = Self.commands[index]
    let help = try run(name, "--help")
    #expect(help.code == 0)
    #expect(help.error.isEmpty)
    #expect(help.output.contains("\nusage: retort \(name)"))
    let described = Set(
      help.output.split(separator: "\n").filter { $0.hasPrefix("  -") }
        .map { String($0.split(separator: " ")[0]) })
    #expect(described == Set(options))
    // Without brackets where the command does nothing without it.
    let required: [String: Set<String>] = [
      "purify": ["--images", "-o"], "train": ["--data", "-o"], "data": ["-o"],
    ]
    for option in options {
      let isRequired = required[name]?.contains(option) == true
      #expect(help.output.contains((isRequired ? " " : "[") + option), "\(option)")
      #expect(!isRequired || !help.output.contains("[\(option) "), "\(option)")
    }
    #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 104 })
    #expect(try run("help", name).output == help.output)
    #expect(try run(name, "x", "-h").output == help.output)
  }

  @Test func theOverviewNamesEveryCommand() throws {
    let overview = try run("--help")
    #expect(overview.code == 0)
    let names = overview.output.split(separator: "\n").filter { $0.hasPrefix("  ") }
      .map { String($0.split(separator: " ")[0]) }
    #expect(names.sorted() == Self.commands.map(\.name).sorted())
    #expect(try run("-h").output == overview.output)
    #expect(try run("help").output == overview.output)
    let bare = try run()
    #expect(bare.code == 64)
    #expect(bare.error == overview.output)
    #expect(bare.output.isEmpty)
  }

  @Test func theVersionIsPrinted() throws {
    let version = try run("--version")
    #expect(version.code == 0)
    #expect(version.output.wholeMatch(of: /retort \d+\.\d+\.\d+\n/) != nil)
  }

  @Test(arguments: [
    (
      ["purfy"], "retort: there is no command 'purfy'\ndid you mean 'purify'?\nsee: retort --help\n"
    ),
    (
      ["help", "dmup"],
      "retort: there is no command 'dmup'\ndid you mean 'dump'?\nsee: retort --help\n"
    ),
    (["run"], "retort run: an argument is missing\n"),
    (["run", "a.graph", "b.graph"], "retort run: 'b.graph' is one argument too many\n"),
    (
      ["run", "a.graph", "--wieghts", "w"],
      "retort run: '--wieghts' is not an option here; did you mean '--weights'?\n"
    ),
    (["dump", "a.graph", "--weights", "w"], "retort dump: '--weights' is not an option here\n"),
    (["run", "a.graph", "--seed"], "retort run: '--seed' needs a value: --seed N\n"),
    (["run", "a.graph", "--seed", "1", "--seed=2"], "retort run: '--seed' is given twice\n"),
    (
      ["run", "a.graph", "--seed", "18446744073709551616"],
      "retort run: '--seed' takes a whole number from 0 to 18446744073709551615, got"
        + " '18446744073709551616'\n"
    ),
    (
      ["run", "a.graph", "--threads", "0"],
      "retort run: '--threads' takes a whole number from 1 to 1024, got '0'\n"
    ),
    (
      ["run", "a.graph", "--threads", "1025"],
      "retort run: '--threads' takes a whole number from 1 to 1024, got '1025'\n"
    ),
    (
      ["run", "a.graph", "--backend", "gpu"],
      "retort run: '--backend' takes one of auto, reference, simd, blas, got 'gpu'\n"
    ),
    (["run", "a.graph", "--set", "n"], "retort run: '--set' takes NAME=VALUE, got 'n'\n"),
    (
      ["run", "a.graph", "--set", "n=1", "--set=n=2"],
      "retort run: '--set n' is given twice: 1 and 2\n"
    ),
    (
      ["run", "a.graph", "--input", "=x.npy"],
      "retort run: '--input' takes NAME=VALUE, got '=x.npy'\n"
    ),
    (
      ["run", "a.graph", "--precision", "f64"],
      "retort run: '--precision f64' needs '--backend reference'\n"
    ),
    (
      ["run", "a.graph", "--calibrate", "--backend", "reference"],
      "retort run: '--calibrate' measures fast kernels, which '--backend reference' does not use\n"
    ),
    (
      ["run", "a.graph", "--disable", "plan-memory"],
      "retort run: the pass 'plan-memory' cannot be left out: nothing runs without a place in"
        + " memory\n"
    ),
    (
      ["compile", "a.graph", "--disable", "fold-constant"],
      "retort compile: there is no pass 'fold-constant', did you mean 'fold-constants'? Passes that"
        + " can be left out: "
    ),
    (
      ["run", "a.graph", "--memory-limit", "12Q"],
      "retort run: '--memory-limit' takes a number of bytes above 0, with k, M or G if wanted, "
        + "got '12Q'\n"
    ),
    (["run", "a.graph", "--check-finite=yes"], "retort run: '--check-finite' takes no value\n"),
    (
      ["dump", "a.graph", "--stage", "fussed"],
      "retort dump: '--stage' takes one of elaborated, differentiated, simplified, hoisted,"
        + " batched, lowered, fused, planned, got 'fussed'\n"
    ),
    (
      ["verify", "a.graph", "--tolerance", "0"],
      "retort verify: '--tolerance' takes a positive number, got '0'\n"
    ),
    (["purify", "a.graph", "-o", "x"], "retort purify: '--images PATH' is missing\n"),
    (["purify", "a.graph", "--images", "x"], "retort purify: '-o PATH' is missing\n"),
    (
      ["purify", "a.graph", "--images", "-", "-o", "x"],
      "retort purify: a stream goes in and out: give '--images -' and '-o -'\n"
    ),
    (
      ["purify", "a.graph", "--images", "x", "-o", "y", "--batch", "65537"],
      "retort purify: '--batch' takes a whole number from 1 to 65536, got '65537'\n"
    ),
    (["evaluate", "r.json"], "retort evaluate: '--data FILE' is missing\n"),
    (["evaluate", "--data", "d"], "retort evaluate: 'retort evaluate' takes one RECIPE\n"),
    (
      ["evaluate", "r.json", "--data", "d", "-o", "-"],
      "retort evaluate: '-o' names several files here; it cannot be standard output\n"
    ),
    (
      ["evaluate", "r.json", "--data", "d", "-o", "out/"],
      "retort evaluate: '-o' takes what the report's files are called, out/report, got 'out/'\n"
    ),
    (
      ["evaluate", "r.json", "--data", "d", "-o", "."],
      "retort evaluate: '-o' takes what the report's files are called, ./report, got '.'\n"
    ),
    (["evaluate", "--merge"], "retort evaluate: '--merge' takes shard files\n"),
    (["train", "r.json", "-o", "w.npz"], "retort train: '--data PATH' is missing\n"),
    (["train", "r.json", "--data", "d"], "retort train: '-o WEIGHTS' is missing\n"),
    (["data", "cifar"], "retort data: there is no data set 'cifar', only 'synthetic'\n"),
    (["data", "synthetic"], "retort data: '-o DIR' is missing\n"),
    (
      ["data", "synthetic", "-o", "d", "--test", "0"],
      "retort data: '--test' takes a whole number of at least 1, got '0'\n"
    ),
    (
      ["inspect", "x.bin", "--format", "mnist"],
      "retort inspect: '--format' takes one of cifar10, cifar100, got 'mnist'\n"
    ),
  ])
  func aWrongCommandLineIsToldAndEndsWith64(words: [String], sentence: String) throws {
    let outcome = try CommandLineProgram.run(words, in: space.path)
    #expect(outcome.code == 64)
    #expect(outcome.output.isEmpty)
    #expect(outcome.error.hasPrefix(sentence), "\(outcome.error)")
    #expect(space.names.isEmpty)
  }

  @Test func aWrongCommandLineShowsItsUsage() throws {
    let outcome = try run("inspect")
    #expect(outcome.error.contains("\nusage: retort inspect FILE [--json]"))
    #expect(outcome.error.hasSuffix("\nsee: retort inspect --help\n"))
  }

  /// Nobody is left to be told, but the exit code still counts.
  @Test func aFullStandardErrorChangesNoExitCode() throws {
    #expect(try CommandLineProgram.run(["purfy"], error: "/dev/full").code == 64)
    #expect(try CommandLineProgram.run(["inspect", "none"], error: "/dev/full").code == 1)
  }

  @Test func aResultThatDoesNotFitIntoStandardOutputIsAFailure() throws {
    let outcome = try CommandLineProgram.run(["ops"], output: "/dev/full")
    #expect(outcome.code == 1)
    #expect(outcome.error == "standard output: error: cannot be written: No space left on device\n")
  }

  @Test func operationsAreListedAndDescribed() throws {
    let table = try run("ops")
    #expect(table.code == 0)
    #expect(table.output.contains("\nmatmul("))
    let page = try run("ops", "matmul")
    #expect(page.code == 0)
    #expect(page.output.contains("matmul"))
    #expect(try run("ops", "--markdown").output == Repository.text("Docs/ops.md"))
    let unknown = try run("ops", "matmull")
    #expect(unknown.code == 1)
    #expect(unknown.error.contains("did you mean 'matmul'?"))
  }
}
