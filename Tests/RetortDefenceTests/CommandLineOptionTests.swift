import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// What options of 'run', 'compile' and 'dump' do, as they are typed.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineOptionTests {
  private let space: TemporaryFolder

  init() throws { space = try TemporaryFolder() }

  /// What a command says that does its work in the test's folder.
  private func done(
    _ words: [String], _ more: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> CommandLineProgram.Outcome {
    let outcome = try CommandLineProgram.run(
      words + more + ["--graphs", Repository.library.folder], in: space.path)
    try #require(outcome.code == 0, "\(outcome.error)", sourceLocation: sourceLocation)
    return outcome
  }

  private func tensor(_ name: String) throws -> HostTensor {
    try #require(try TensorFile.read(space.file(name)).first).tensor
  }

  private func numbers(_ shape: Shape) -> HostTensor {
    HostTensor(shape, (0..<shape.elementCount).map { Float(($0 * 37) % 101) / 101 - 0.5 })
  }

  @Test func inDoublePrecisionAThirdHasItsSixteenDigits() throws {
    try space.write(
      "graph third(x: f32[n]) -> (y: f32[n]) { return x / 3 }", to: "third.graph")
    try space.write([("x", HostTensor([2], [1, 2] as [Float]))], to: "x.npy")
    let words = ["run", "third.graph", "--input", "x=x.npy", "--backend", "reference"]
    _ = try done(words, ["--precision", "f64", "--output", "y=double.npy"])
    #expect(try tensor("double.npy") == HostTensor([2], [1.0 / 3, 2.0 / 3] as [Double]))
    _ = try done(words, ["--precision", "f32", "--output", "y=single.npy"])
    #expect(try tensor("single.npy") == HostTensor([2], [1.0 / 3, 2.0 / 3] as [Float]))
  }

  // MARK: Memory

  /// Every layer's value is kept for the way back, unless there is no room for it.
  private func writeDeepGraph() throws {
    try space.write(
      """
      graph deep(x: f32[32, 16], w: f32[16, 16], depth: Int = 8) -> (slope: f32[32, 16]) {
        return gradient(energy(x, w, depth), x)
      }

      graph energy(x: f32[32, 16], w: f32[16, 16], depth: Int) -> f32[] {
        y = x
        for i in 0..<depth {
          y = tanh(matmul(exp(-y), w))
        }
        return sum(y * y)
      }
      """, to: "deep.graph")
  }

  @Test func aMemoryLimitIsKeptAndChangesNoDigit() throws {
    try writeDeepGraph()
    func arena(_ more: String...) throws -> Double {
      let summary = try done(["compile", "deep.graph", "-o", "deep.retort"], more).output
      let number = try #require(summary.firstMatch(of: /arena ([0-9.]+) KiB/), "\(summary)").1
      return try #require(Double(number))
    }
    #expect(try arena() > 20)
    #expect(try arena("--memory-limit", "20k") <= 20)

    try space.write([("x", numbers([32, 16])), ("w", numbers([16, 16]))], to: "given.npz")
    let run = ["run", "deep.graph", "--input", "x=given.npz", "--input", "w=given.npz", "--output"]
    _ = try done(run, ["slope=free.npy"])
    _ = try done(run, ["slope=limited.npy", "--memory-limit", "20k"])
    #expect(try space.bytes("limited.npy") == space.bytes("free.npy"))

    let refused = try CommandLineProgram.run(
      run + ["slope=none.npy", "--memory-limit", "1k"], in: space.path)
    #expect(refused.code == 1)
    #expect(refused.error.contains("for one step alone; 1024 are allowed\n"), "\(refused.error)")
    #expect(!space.exists("none.npy"))
  }

  @Test func originsAreCommentsThatADumpReadsBackWithout() throws {
    try writeDeepGraph()
    let dump = ["dump", "deep.graph", "--stage", "simplified"]
    let told = try done(dump, ["--origins"]).output
    #expect(
      told.contains("\n  matmul: f32[32, 16] = matmul(exp, w)  // deep.graph:8\n"), "\(told)")
    try space.write(told, to: "told.graph")
    let again = try done(["dump", "told.graph", "--stage", "elaborated"])
    #expect(try again.output == done(dump).output)
  }

  // MARK: Convolutions

  /// A convolution that is large enough for Winograd's form to pay.
  private func writeConvolution() throws {
    try space.write(
      """
      import "blocks/convolution.graph"

      graph conv(x: f32[n, 64, 16, 16]) -> (y: f32[n, 64, 16, 16]) {
        return convolution(x, channels: 64)
      }
      """, to: "conv.graph")
    try space.write([("weight", numbers([64, 64, 3, 3]))], to: "w.npz")
    try space.write([("x", numbers([1, 64, 16, 16]))], to: "x.npy")
  }

  private func convolved(_ more: String..., to name: String) throws -> String {
    let run = ["run", "conv.graph", "--weights", "w.npz", "--input", "x=x.npy", "--threads", "1"]
    return try done(run, ["--output", "y=\(name)"] + more).error
  }

  @Test func exactConvolutionsAreDirectOnes() throws {
    try writeConvolution()
    let dump = ["dump", "conv.graph", "--set", "n=1", "--stage", "lowered"]
    #expect(try done(dump).output.contains("= winograd_conv2d("))
    let exact = try done(dump, ["--exact"]).output
    #expect(exact.contains("= packed_conv2d(") && !exact.contains("winograd"), "\(exact)")
    _ = try convolved(to: "free.npy")
    _ = try convolved("--exact", to: "exact.npy")
    #expect(try space.bytes("exact.npy") != space.bytes("free.npy"))
  }

  @Test func calibrationIsToldAndGoesIntoThePlan() throws {
    try writeConvolution()
    let progress = "calibrating: 0/1\ncalibrating: 1/1\n"
    #expect(try convolved("--calibrate", to: "y.npy") == progress)
    _ = try convolved("--exact", to: "exact.npy")
    // Winograd's form, which may have been the fastest, is 1.4e-5 away.
    #expect(relativeError(try tensor("y.npy"), try tensor("exact.npy")) < 1e-4)

    let words = ["compile", "conv.graph", "--set", "n=1", "--threads", "1", "-o", "p.retort"]
    #expect(try done(words, ["--calibrate"]).error == progress)
    let summary = try done(["inspect", "p.retort"]).output
    #expect(summary.contains("\ncalibrated 1 convolutions\n  1 × 64×16×16 → 64×16×16 by 3×3"))
    // A model has no forms to choose from.
    let exported = try done(["export", "p.retort", "-o", "m.onnx"])
    #expect(exported.error.isEmpty)
  }
}
