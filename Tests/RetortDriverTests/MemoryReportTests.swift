import Foundation
import RetortDriver
import RetortIR
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

/// Memory plans as tables and drawings.
@Suite struct MemoryReportTests {
  /// Places that no planner would choose.
  private static let wasteful = """
    graph main(x: f32[64]) -> (y: f32[64]) {
      a: f32[64] = neg(x) @(offsets: [4096])
      b: f32[64] = exp(x) @(offsets: [256])
      c: f32[64] = add(a, b) @(offsets: [8192])
      return c
    }

    """

  private static func graph(_ text: String = wasteful) throws -> Graph {
    try Compiler.parse(text, path: "hand.graph")
  }

  @Test func aPlansOwnPlacesAreTold() throws {
    let report = try MemoryReport(try Self.graph())
    #expect(report.arenaByteCount == 8192 + 256)
    let rows = report.text.split(separator: "\n").map { line in
      line.split(separator: " ").map(String.init)
    }
    #expect(rows.contains(["a", "f32[64]", "4096", "256", "0", "2"]), "\(report.text)")
    #expect(rows.contains(["b", "f32[64]", "256", "256", "1", "2"]), "\(report.text)")
    #expect(rows.contains(["c", "f32[64]", "8192", "256", "2", "3"]), "\(report.text)")
  }

  /// `inspect` and `dump --memory` of a file show what the file says.
  @Test func aFileIsTakenAtItsWord() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("hand.retort")
    try Artifact(
      processor: Processor.fingerprint, rebuild: "retort compile hand.graph", backend: "auto",
      graphText: Self.wasteful, tensors: []
    ).write(to: path)
    #expect(try PlanSummary(path: path).text(json: true).contains("\"arena_bytes\": 8448"))
  }

  @Test func aGraphWithoutPlacesIsRefused() throws {
    let text = "graph main(x: f32[4]) -> (y: f32[4]) {\n  a: f32[4] = neg(x)\n  return a\n}\n"
    let graph = try Self.graph(text)
    let error = #expect(throws: Diagnostics.self) { try MemoryReport(graph) }
    #expect(error?.list.first?.message == "'a' has no place in the plan of 'main'")
  }

  /// What the planner says of its plan and what is read from its annotations is the same.
  @Test func whatIsReadIsWhatWasPlanned() throws {
    let bench = try ArtifactTests.Workbench(SmallPrograms.thin, set: [("n", "2")])
    let (graph, plan) = MemoryPlanner.plan(try bench.request.graph(at: .fused).graph)
    let read = try MemoryPlan(of: graph)
    #expect(read.arenaByteCount == plan.arenaByteCount)
    #expect(read.lowerBound == plan.lowerBound)
    func places(_ plan: MemoryPlan) -> [String] {
      plan.entries.map { "\($0.offset) \($0.byteCount) \($0.lifetime)" }.sorted()
    }
    #expect(places(read) == places(plan))
  }

  @Test func theDrawingHasARectangleAValue() throws {
    let report = try MemoryReport(try Self.graph())
    let svg = report.drawing
    #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1200 720\""))
    #expect(svg.hasSuffix("</svg>\n"))
    for title in [
      "a: f32[64]\n256 bytes (256 B) at 4096\nsteps 0 to 2", "peak: 768 bytes at step 2",
    ] {
      #expect(svg.contains("<title>\(title)"), "\(svg)")
    }
    // The sheet, one legend, three values.
    #expect(svg.components(separatedBy: "<rect ").count - 1 == 5)
    #expect(svg.contains(">lower bound 512 B</text>"))
    #expect(svg == (try MemoryReport(try Self.graph())).drawing)
    #expect(!svg.contains("href") && !svg.contains("<script"))
  }

  @Test func namesAreEscaped() throws {
    var graph = try Self.graph()
    graph.values[graph.body.nodes[0].results[0].id].name = "a<b>&\"\u{1B}"
    let svg = try MemoryReport(graph).drawing
    #expect(svg.contains("a&lt;b&gt;&amp;&quot; "))
    #expect(!svg.contains("\u{1B}"))
  }

  @Test func anEmptyArenaIsDrawnToo() throws {
    let text = "graph main(x: f32[4]) -> (y: f32[4]) {\n  return x\n}\n"
    #expect(try MemoryReport(try Self.graph(text)).drawing.contains("arena 0 B"))
  }
}
