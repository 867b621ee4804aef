import RetortDriver
import RetortIR
import RetortRuntime
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

/// Plans whose checksum is right and whose content is not.
@Suite struct ForgedPlanTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(
    _ text: String, tensors: [(name: String, tensor: HostTensor)] = []
  ) throws -> Executable {
    let path = folder.file("forged.retort")
    try Artifact(
      processor: Processor.fingerprint, rebuild: "retort compile x.graph", backend: "auto",
      graphText: text, tensors: tensors
    ).write(to: path)
    return try Executable(
      artifact: path, request: Request(path: path, library: Repository.library))
  }

  private func complaint(
    _ text: String, tensors: [(name: String, tensor: HostTensor)] = []
  ) -> String {
    do {
      _ = try open(text, tensors: tensors)
      return ""
    } catch {
      return "\(error)"
    }
  }

  private func text(secondOffset: Int) -> String {
    """
    graph main(x: f32[64]) -> (y: f32[64]) {
      a: f32[64] = neg(x) @(offsets: [0])
      b: f32[64] = exp(x) @(offsets: [\(secondOffset)])
      c: f32[64] = add(a, b) @(offsets: [512])
      return c
    }

    """
  }

  @Test func aPlanOfDisjointPlacesRuns() throws {
    let program = try open(text(secondOffset: 256))
    let result = try program.run(["x": HostTensor(zeros: TensorType([64]))])
    #expect(result["y"]?.doubles == [Double](repeating: 1, count: 64))
  }

  @Test func overlappingPlacesAreRefused() {
    #expect(complaint(text(secondOffset: 0)).contains("holds a plan that does not fit its graph"))
  }

  @Test func placesOutsideAnyMemoryAreRefused() {
    for offset in [-64, 1, 1 << 62, Int.max - 63] {
      #expect(!complaint(text(secondOffset: offset)).isEmpty, "\(offset)")
    }
  }

  @Test func aMissingWeightIsNamed() {
    let text = """
      graph main(x: f32[4]) -> (y: f32[4]) {
        parameter w: f32[4] as "w"
        parameter v: f32[4] as "v"
        a: f32[4] = add(x, w) @(offsets: [0])
        b: f32[4] = add(a, v) @(offsets: [64])
        return b
      }

      """
    let given = [(name: "v", tensor: HostTensor(zeros: TensorType([4])))]
    #expect(complaint(text, tensors: given).contains("lacks the weight 'w'"))
  }

  @Test func preparingFromAnInputIsRefused() {
    let text = """
      graph main(x: f32[4]) -> (y: f32[4]) {
        p: f32[4] = prepare @(prepared: [0]) {
          q: f32[4] = neg(x) @(offsets: [0])
          yield q
        }
        b: f32[4] = add(p, x) @(offsets: [64])
        return b
      }

      """
    let given = [(name: "%p", tensor: HostTensor(zeros: TensorType([4])))]
    #expect(
      complaint(text, tensors: given)
        .contains("prepares from values that weights alone do not decide"))
  }

  @Test func measurementsOfNothingAreTold() throws {
    let path = folder.file("forged.retort")
    try Artifact(
      processor: Processor.fingerprint, rebuild: "retort compile x.graph", backend: "auto",
      calibration: "\t\n\na", graphText: text(secondOffset: 256), tensors: []
    ).write(to: path)
    let summary = try PlanSummary(path: path)
    #expect(
      summary.text(json: true).contains(
        """
        "calibration": [{"convolution": "", "microseconds": [""]}, \
        {"convolution": "a", "microseconds": []}]
        """))
    #expect(summary.text(json: false).hasSuffix("calibrated 2 convolutions\n  :  µs\n  a: "))
  }

  @Test func controlCharactersOfAPlanDoNotReachTheTerminal() throws {
    let path = folder.file("other.retort")
    try Artifact(
      processor: "\u{1B}[2Jelsewhere", rebuild: "retort compile \u{1B}[31mx.graph",
      backend: "auto", graphText: "", tensors: []
    ).write(to: path)
    var text = ""
    do {
      _ = try PlanFile(path, processor: "here")
    } catch {
      text = DiagnosticRenderer(colour: true).render(error)
    }
    #expect(text.contains("elsewhere"))
    #expect(!text.contains("\u{1B}[2J") && !text.contains("\u{1B}[31mx"))
  }
}
