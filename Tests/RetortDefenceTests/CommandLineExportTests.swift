import Foundation
import RetortDriver
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// Models of ONNX that are made of definitions and of plans.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineExportTests {
  private let space: TemporaryFolder

  init() throws { space = try TemporaryFolder() }

  private func run(_ words: [String]) throws -> CommandLineProgram.Outcome {
    try CommandLineProgram.run(words, in: space.path)
  }

  /// Standard output of a command that does its work.
  @discardableResult
  private func done(
    _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    let outcome = try run(words)
    try #require(outcome.code == 0, "\(outcome.error)", sourceLocation: sourceLocation)
    return outcome.output
  }

  // MARK: Definitions

  @Test func keysMayBeLeftOutAndLoopsWrittenOut() throws {
    try space.write(
      """
      graph walk(x: f32[n], key: key[n]) -> (y: f32[n]) {
        y = repeat i in 0..<3 with y = x {
          yield y + uniform(fold(key, i), shape: [n])
        }
        return y
      }
      """, to: "walk.graph")
    try space.write([("x", HostTensor([2], [1, 2] as [Float]))], to: "x.npy")
    try done("run", "walk.graph", "--seed", "5", "--input", "x=x.npy", "--output", "y=walk.npy")
    try done("run", "walk.graph", "--input", "x=x.npy", "--output", "y=other.npy")
    #expect(try space.bytes("walk.npy") != space.bytes("other.npy"))

    let asked = try done("export", "walk.graph", "--set", "n=2", "-o", "asked.onnx")
    #expect(
      asked.hasPrefix(
        "input   x  float32[2]\ninput   key  uint32[2, 2]\noutput  y  float32[2]\n"), "\(asked)")
    let seeded = ["export", "walk.graph", "--set", "n=2", "--seed", "5", "-o"]
    let forms: [(model: String, options: [String], loops: Bool)] = [
      ("loop", [], true), ("turns", ["--unroll"], false),
    ]
    for (model, options, loops) in forms {
      let outcome = try run(seeded + ["\(model).onnx"] + options)
      #expect(outcome.code == 0, "\(outcome.error)")
      #expect(outcome.output.contains("\ninput   key  uint32[2, 2]  (has a default)\n"))
      let summary = try done("inspect", "\(model).onnx")
      #expect(summary.contains("\n  Loop ") == loops, "\(summary)")
      try done("run", "\(model).onnx", "--input", "x=x.npy", "--output", "y=\(model).npy")
      #expect(try space.bytes("\(model).npy") == space.bytes("walk.npy"), "\(model)")
    }
  }

  // MARK: Plans

  /// `p.retort`, of `affine.graph` beside it.
  private func compile() throws {
    try space.write(SmallGraphs.affine, to: "affine.graph")
    try space.write(
      [
        ("weight", HostTensor([2, 4], [1, 2, 3, 4, 0.5, 0, -0.5, 1] as [Float])),
        ("bias", HostTensor([2], [10, -1] as [Float])),
      ], to: "w.npz")
    try done(
      "compile", "affine.graph", "--set", "n=3", "--weights", "w.npz", "-o", "p.retort",
      "--graphs", Repository.library.folder)
  }

  /// Settings, weights and library are those of then.
  @Test func aPlanIsExportedFromItsDefinition() throws {
    try compile()
    let summary = try done("export", "p.retort")
    #expect(summary.hasPrefix("input   x  float32[3, 4]\noutput  y  float32[3, 2]\n"))
    try space.write([("x", HostTensor([3, 4], (0..<12).map { Float($0) }))], to: "x.npy")
    let run = ["run", "p.onnx", "--input", "x=x.npy"]
    #expect(
      try self.run(run).output == "y: f32[3, 2]  min 1  mean 37.5000  max 110  [30 1 70 5 110 9]\n")

    // Those that are given go before them.
    try space.write(
      [
        ("weight", HostTensor(zeros: TensorType(.f32, [2, 4]))),
        ("bias", HostTensor([2], [7, 8] as [Float])),
      ], to: "other.npz")
    try done("export", "p.retort", "--weights", "other.npz")
    #expect(
      try self.run(run).output == "y: f32[3, 2]  min 7  mean 7.50000  max 8  [7 8 7 8 7 8]\n")
  }

  /// The plan's own name with another suffix is that of the model.
  @Test func aPlanIsNotExportedOverTheModelThatItWasCompiledFrom() throws {
    try space.write(SmallGraphs.affine, to: "affine.graph")
    try space.write(
      [
        ("weight", HostTensor(zeros: TensorType(.f32, [2, 4]))),
        ("bias", HostTensor([2], [7, 8] as [Float])),
      ], to: "w.npz")
    try done(
      "export", "affine.graph", "--set", "n=3", "--weights", "w.npz", "-o", "m.onnx", "--graphs",
      Repository.library.folder)
    let model = try space.bytes("m.onnx")
    try done("compile", "m.onnx")
    try done("export", "m.retort")
    #expect(try space.bytes("m.onnx") == model)
    #expect(space.exists("m.retort.onnx"))
    let named = try run(["export", "m.retort", "-o", "./m.onnx"])
    #expect(named.code == 1)
    #expect(
      named.error.hasPrefix("m.onnx: error: would be replaced by what is made of it\n"),
      "\(named.error)")
    #expect(try space.bytes("m.onnx") == model)
  }

  /// Checks that the plan is not exported, and why.
  private func expectRefusal(
    _ text: String, _ options: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try run(["export", "p.retort", "-o", "m.onnx"] + options)
    #expect(outcome.code == 1, sourceLocation: sourceLocation)
    #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
    #expect(outcome.error == text, sourceLocation: sourceLocation)
    #expect(!space.exists("m.onnx"), sourceLocation: sourceLocation)
  }

  @Test func aPlanWithoutItsDefinitionIsRefused() throws {
    try compile()
    try expectRefusal(
      """
      p.retort: error: is a plan, which '--set' cannot change any more
          = hint: compile the definition again with that option

      """, "--set", "n=2")
    let wider = SmallGraphs.affine.replacing("n, 2", with: "n, 3")
      .replacing("features: 2", with: "features: 3")
    try space.write(wider, to: "affine.graph")
    try expectRefusal(
      """
      p.retort: error: is not what affine.graph compiles to any more
          = hint: compile it again, or export the definition itself

      """)
    try FileManager.default.removeItem(atPath: space.file("affine.graph"))
    try expectRefusal(
      """
      p.retort: error: was compiled from affine.graph, which is not there
          = hint: export from the folder in which it was compiled, or export the definition itself

      """)
  }

  /// Who compiles without the command line names another way to rebuild the plan.
  @Test func aPlanThatNoCommandMadeIsRefused() throws {
    var request = Request(
      path: try space.write(SmallGraphs.affine, to: "affine.graph"), library: Repository.library)
    request.settings = [("n", "3")]
    _ = try PlanWriter(request: request, rebuild: "make p.retort").write(to: space.file("p.retort"))
    try expectRefusal(
      """
      p.retort: error: does not say which definition it was compiled from
          = hint: export the definition itself

      """)
  }
}
