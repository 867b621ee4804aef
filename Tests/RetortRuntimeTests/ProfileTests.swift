import RetortIR
import RetortOps
import RetortRuntime
import RetortTensor
import Testing

/// What profiles say of runs.
@Suite struct ProfileTests {
  /// One path that is called twice, a loop, and a value at the top.
  private static let graph: Graph = {
    var b = GraphBuilder(name: "g")
    let x = b.input("x", TensorType([4, 8]))
    let w = b.input("w", TensorType([8, 8]), role: .parameter(nil))
    b.origin = Origin(path: "layer1.0.conv1")
    let first = b.add(MatMul(), [x, w], name: "first")
    let second = b.add(MatMul(), [first, w], name: "second")
    b.origin = Origin()
    let arguments = b.openBlock(
      arguments: [("i", TensorType(.i32, [])), ("r", TensorType([4, 8]))])
    b.origin = Origin(path: "step", derivation: "gradient of tanh")
    let next = b.add(Tanh(), [arguments[1]], name: "next")
    let body = b.closeBlock(results: [next])
    b.origin = Origin()
    let last = b.addAll(Repeat(count: 3), [second], regions: [body], names: ["last"])[0]
    let top = b.add(Exp(), [last], name: "top")
    return b.finish(outputs: [GraphOutput(value: top, name: "y")])
  }()

  private static func report(
    runs: Int = 2, limits: ProfileReport.Limits? = nil
  ) throws -> ProfileReport {
    let program = try Program(planned: HandPlan().plan(graph))
    let statistics = RunStatistics(for: program)
    try program.bind(weights: Fixture.inputs(program.graph))
    for _ in 0..<runs { program.run(measuring: statistics) }
    return ProfileReport(statistics, limits: limits)
  }

  /// The cells of the rows whose first cell is `name`; cells are two blanks apart.
  private static func cells(_ table: String, _ name: String) -> [[String]] {
    table.split(separator: "\n").filter { $0.hasPrefix(name + " ") }.map { line in
      line.split(separator: "  ").map { $0.trimmingPrefix(" ") }.map(String.init)
    }
  }

  @Test func whatOnePathCallsIsOneRow() throws {
    let rows = Self.cells(try Self.report().table, "layer1.0.conv1")
    try #require(rows.count == 1)
    #expect(rows[0][1] == "first +1")
    #expect(rows[0][2] == "matmul")
    #expect(rows[0][3] == "2", "two calls a run: \(rows[0])")
  }

  @Test func aRunTellsWhatShareOfItIsDone() throws {
    let program = try Program(planned: HandPlan().plan(Self.graph))
    let inputs = Fixture.inputs(program.graph)
    try program.bind(weights: inputs)
    var shares: [Double] = []
    let results = try program.run(inputs: inputs) { shares.append($0) }
    #expect(try program.run(inputs: inputs) == results)
    // After two equal products and three turns; the last step is the end.
    try #require(shares.count == 5, "\(shares)")
    #expect(shares[0] == shares[1] / 2)
    #expect(shares == shares.sorted() && shares[4] < 1)
    #expect(abs(shares[4] - 2 * shares[3] + shares[2]) < 1e-12)
  }

  @Test func turnsOfALoopAreCounted() throws {
    let rows = Self.cells(try Self.report().table, "step")
    try #require(rows.count == 1)
    #expect(rows[0][3] == "3")
    #expect(rows[0].last == "gradient of tanh")
  }

  @Test func valuesAtTheTopGoByTheirNames() throws {
    #expect(Self.cells(try Self.report().table, "top").count == 1)
  }

  @Test func sumsAndLimitsStandBelow() throws {
    let limits = ProfileReport.Limits(
      threadCount: 2, peak: 1e9, arenaByteCount: 2048, arenaLowerBound: 1024)
    let report = try Self.report(limits: limits)
    let total = try #require(Self.cells(report.table, "total").first)
    // The two products, three turns and what follows; the loop itself ends once a turn.
    #expect(total[3] == "100.0", "\(total)")
    #expect(report.table.contains("with 2 threads; their measured peak is 1.0 GFLOP/s"))
    #expect(report.table.hasSuffix("arena 2048 bytes, lower bound 1024, ratio 2.000\n"))
  }

  @Test func aPeakIsMeasuredForEveryThreadCount() {
    for count in [1, 3] {
      let peak = ProcessorPeak.measure(ThreadPool(threadCount: count), milliseconds: 1)
      #expect(peak > 0 && peak.isFinite)
    }
  }
}
