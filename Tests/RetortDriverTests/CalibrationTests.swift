import Foundation
import RetortDriver
import RetortIR
import RetortOps
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import RetortText
import Synchronization
import Testing

/// `--calibrate`: forms of convolutions are measured, chosen by and recorded.
@Suite struct CalibrationTests {
  /// Two convolutions that leave a choice, the second and its like in the gradient; one that does not.
  private static let text = """
    import "blocks/convolution.graph"

    graph net(x: f32[n, 3, 8, 8]) -> (y: f32[n, 12, 4, 4], dx: f32[n, 3, 8, 8]) {
      h = relu(convolution(x, channels: 12, kernel: 3, padding: 1) as "a")
      k = relu(convolution(h, channels: 12, kernel: 3, padding: 1) as "b")
      y = convolution(k, channels: 12, kernel: 3, stride: 2, padding: 1) as "c"
      return y, gradient(sum(y * y), x)
    }
    """

  private final class Steps: Sendable {
    let list = Mutex<[[Int]]>([])
  }

  private static func request(
    _ bench: ArtifactTests.Workbench, _ steps: Steps = Steps()
  ) -> Request {
    var request = bench.request
    request.calibrationObserver = { done, total in
      steps.list.withLock { $0.append([done, total]) }
    }
    return request
  }

  @Test func theFastestFormsAreTaken() throws {
    let bench = try ArtifactTests.Workbench(Self.text, set: [("n", "2")])
    let steps = Steps()
    let request = Self.request(bench, steps)
    let compilation = try request.compilation(through: .planned)
    let calibration = try #require(compilation.calibration)
    // Forward and backward of `a` and `b`; `c` has one form only.
    #expect(calibration.rows.count == 4)
    #expect(steps.list.withLock { $0 } == (0...4).map { [$0, 4] })
    var model = request.pipelineOptions.convolutions
    model.measured = calibration.choices
    for row in calibration.rows {
      #expect(row.times.map(\.form) == ConvolutionForm.allCases)
      #expect(row.times.allSatisfy { $0.seconds > 0 })
      #expect(model.form(of: row.problem) == row.fastest)
    }
    let chosen = calibration.rows.compactMap(\.fastest.tile)
    var found: [Int] = []
    compilation.graph.forEachNode { node in
      if let op = node.op as? WinogradConv2d { found.append(op.tile) }
    }
    #expect(found.sorted() == chosen.sorted())
  }

  @Test func resultsStayWithinRounding() throws {
    let bench = try ArtifactTests.Workbench(Self.text, set: [("n", "2")])
    let inputs = ["x": HostTensor.acceptance([2, 3, 8, 8], as: .f32)]
    let usual = try bench.request.executable().executable.run(inputs)
    let chosen = try Self.request(bench).executable().executable.run(inputs)
    for (name, tensor) in usual {
      let expected = tensor.elements(as: Float.self)
      let scale = expected.map(abs).max() ?? 1
      for (a, b) in zip(chosen[name]!.elements(as: Float.self), expected) {
        #expect(abs(a - b) <= 1e-4 * scale)
      }
    }
  }

  @Test func plansKeepTheTimes() throws {
    let bench = try ArtifactTests.Workbench(Self.text, set: [("n", "2")])
    #expect(try PlanSummary(path: bench.plan).text(json: false).contains("calibrated no"))
    #expect(try PlanSummary(path: bench.plan).text(json: true).contains("\"calibration\": []"))
    _ = try PlanWriter(request: Self.request(bench), rebuild: "r").write(to: bench.plan)
    let text = try PlanSummary(path: bench.plan).text(json: false)
    #expect(text.contains("calibrated 4 convolutions"))
    #expect(text.contains("\n  2 × 3×8×8 → 12×8×8 by 3×3 padding 1: direct "))
    #expect(text.contains("padding 1 gradient: direct "))
    let json = try PlanSummary(path: bench.plan).text(json: true)
    #expect(json.contains("{\"convolution\": \"2 × 3×8×8 → 12×8×8 by 3×3 padding 1\""))
    let inputs = ["x": HostTensor.acceptance([2, 3, 8, 8], as: .f32)]
    _ = try bench.loaded().run(inputs)
  }

  @Test func nothingIsMeasuredWithoutAChoice() throws {
    let bench = try ArtifactTests.Workbench(Self.text, set: [("n", "2")])
    let plain = try bench.request.compilation(through: .planned)
    #expect(plain.calibration == nil)
    var exact = Self.request(bench)
    exact.isExact = true
    #expect(try exact.compilation(through: .planned).calibration == nil)
    var reference = Self.request(bench)
    reference.backend = .reference
    #expect(try reference.compilation(through: .planned).calibration == nil)
    var early = Self.request(bench)
    early.disabledPasses = ["merge-siblings"]
    #expect(try early.compilation(through: .batched).calibration == nil)
  }

  @Test func oneBatchIsMeasuredForAll() throws {
    let bench = try ArtifactTests.Workbench(Self.text, set: [("n", "2")])
    var request = Self.request(bench)
    request.fixesAlgorithms = true
    let rows = try #require(try request.compilation(through: .planned).calibration).rows
    #expect(rows.allSatisfy { $0.problem.extents.batch == ConvolutionCostModel.typicalImageCount })
  }
}
