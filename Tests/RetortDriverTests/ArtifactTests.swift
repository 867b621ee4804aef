import Foundation
import RetortDriver
import RetortFormats
import RetortIR
import RetortOps
import RetortRuntime
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

/// `.retort` files: what they hold runs as what they were made from, and nothing else is accepted.
@Suite struct ArtifactTests {
  static let rebuild = "retort compile thin.graph -o thin.retort"

  /// A folder with a definition, its weights and its plan.
  struct Workbench {
    let folder: TemporaryFolder
    let request: Request
    let plan: String

    init(
      _ text: String, set settings: [(name: String, value: String)] = [], hasWeights: Bool = true,
      backend: Backend = .auto
    ) throws {
      folder = try TemporaryFolder()
      var request = Request(
        path: try folder.write(text, to: "thin.graph"), library: Repository.library)
      request.settings = settings
      request.backend = backend
      if hasWeights { try request.bindRandomWeights(seed: 1, in: folder) }
      self.request = request
      plan = folder.file("thin.retort")
      _ = try PlanWriter(request: request, rebuild: ArtifactTests.rebuild).write(to: plan)
    }

    func loaded(_ path: String? = nil) throws -> Executable {
      try Request(path: path ?? plan, library: Repository.library).executable().executable
    }

    func bytes() throws -> [UInt8] { try InputFile.read(plan) }
  }

  /// The error of a task that must fail with one.
  static func refusal(_ task: () throws -> Void) -> String? {
    do {
      try task()
      return nil
    } catch let error as Diagnostics {
      return error.description
    } catch {
      return "not a diagnostic: \(error)"
    }
  }

  @Test func planRunsAsTheDefinition() throws {
    let bench = try Workbench(SmallPrograms.thin, set: [("n", "2")])
    let inputs = ["x": HostTensor.acceptance([2, 2, 4, 4], as: .f32)]
    let direct = try bench.request.executable().executable.run(inputs)
    #expect(try bench.loaded().run(inputs) == direct)
  }

  @Test(arguments: Repository.runsLongTests ? Backend.allCases : [.auto])
  func planOfAPurifierRunsAsTheDefinition(backend: Backend) throws {
    let bench = try Workbench(
      PurifierTests.text.withFirst("answered"), set: [("n", "2")], backend: backend)
    let inputs = ["x": HostTensor.randomImages(2, seed: 3)]
    let direct = try bench.request.executable().executable.run(inputs, seed: 4)
    #expect(try bench.loaded().run(inputs, seed: 4) == direct)
  }

  @Test func planTakesOtherWeights() throws {
    let bench = try Workbench(SmallPrograms.thin)
    var direct = bench.request
    try direct.bindRandomWeights(seed: 2, in: bench.folder)
    var loaded = Request(path: bench.plan, library: Repository.library)
    loaded.weightPaths = direct.weightPaths
    let inputs = ["x": HostTensor.acceptance([1, 2, 4, 4], as: .f32)]
    let expected = try direct.executable().executable.run(inputs)
    #expect(try loaded.executable().executable.run(inputs) == expected)
    #expect(try bench.loaded().run(inputs) != expected)
  }

  /// As with a definition.
  @Test func weightsThatAPlanDoesNotReadAreTold() throws {
    let bench = try Workbench(SmallPrograms.thin, hasWeights: false)
    var named = bench.request
    try named.bindRandomWeights(seed: 2, in: bench.folder)
    let spare = try bench.folder.write(
      [("spare", HostTensor([1], [5] as [Float]))], to: "spare.npz")
    var loaded = Request(path: bench.plan, library: Repository.library)
    loaded.weightPaths = named.weightPaths + [spare]
    #expect(try loaded.executable().unused == ["spare"])
    #expect(
      try loaded.executable(weights: Weights(reading: loaded.weightPaths)).unused == ["spare"])
  }

  @Test func planWithoutWeightsAsksForThem() throws {
    let bench = try Workbench(SmallPrograms.thin, hasWeights: false)
    let message = Self.refusal { _ = try bench.loaded() }
    #expect(message?.contains("without weights") == true)
    #expect(message?.contains("--weights") == true)
  }

  @Test func planWithSettingsIsRefused() throws {
    let bench = try Workbench(SmallPrograms.thin)
    var request = Request(path: bench.plan, library: Repository.library)
    request.settings = [("n", "3")]
    let message = Self.refusal { _ = try request.executable() }
    #expect(message?.contains("--set") == true)
  }

  @Test func aPlanSaysWhichPassesWereLeftOut() throws {
    let bench = try Workbench(SmallPrograms.thin)
    var request = bench.request
    request.disabledPasses = ["fuse-elementwise", "fold-scales-into-weights"]
    let path = bench.folder.file("plain.retort")
    _ = try PlanWriter(request: request, rebuild: Self.rebuild).write(to: path)
    let summary = try PlanSummary(path: path)
    #expect(
      summary.text(json: false).contains("disabled   fold-scales-into-weights, fuse-elementwise\n"))
    #expect(
      summary.text(json: true).contains(
        "\"disabled\": [\"fold-scales-into-weights\", \"fuse-elementwise\"]"))
    #expect(!(try bench.loaded(path).graph.body.nodes.contains { $0.op is Fused }))
    request.path = path
    #expect(Self.refusal { _ = try request.executable() }?.contains("--disable") == true)
  }

  @Test func aPlanKnowsWhereItsNodesCameFrom() throws {
    let bench = try Workbench(SmallPrograms.thin)
    let graph = try bench.loaded().graph
    var found: Node?
    graph.forEachNode { node in
      if found == nil, node.op is any PackedConvolution { found = node }
    }
    let convolution = try #require(found)
    #expect(convolution.origin.path == "conv")
    #expect(convolution.origin.description.contains("blocks/convolution.graph:"))
    #expect(convolution.origin.description.hasSuffix(", with bn"))
    var artifact = try PlanFile(bench.plan, processor: Processor.fingerprint).artifact
    artifact.origins = artifact.origins.replacing("conv\t", with: "\u{1B}[2Jconv\t")
    try artifact.write(to: bench.plan)
    #expect(try bench.loaded().graph.body.nodes.allSatisfy { !$0.origin.path.contains("\u{1B}") })
    artifact.origins += "\none more"
    try artifact.write(to: bench.plan)
    #expect(Self.refusal { _ = try bench.loaded() }?.contains("tells where") == true)
  }

  @Test func truncatedPlansAreRefused() throws {
    let bench = try Workbench(SmallPrograms.thin)
    let bytes = try bench.bytes()
    for count in stride(from: 8, to: bytes.count, by: 101) {
      let path = try bench.folder.write(Array(bytes.prefix(count)), to: "cut.retort")
      #expect(Self.refusal { _ = try bench.loaded(path) }?.contains("cut.retort") == true)
    }
  }

  @Test func flippedBitsAreRefused() throws {
    let bench = try Workbench(SmallPrograms.thin)
    let bytes = try bench.bytes()
    for index in stride(from: 0, to: bytes.count, by: 97) {
      var damaged = bytes
      damaged[index] ^= 1 << UInt8(index % 8)
      let path = try bench.folder.write(damaged, to: "flipped.retort")
      let message = Self.refusal { _ = try bench.loaded(path) }
      #expect(message?.contains("flipped.retort") == true, "bit of byte \(index)")
    }
  }

  @Test func anotherVersionIsRefused() throws {
    let bench = try Workbench(SmallPrograms.thin)
    var bytes = try bench.bytes()
    bytes[8] += 1
    let path = try bench.folder.write(bytes, to: "newer.retort")
    let message = Self.refusal { _ = try bench.loaded(path) }
    #expect(message?.contains("format 4") == true)
    #expect(message?.contains("retort compile") == true)
  }

  /// The first format had its fields, and among them the command, 16 bytes earlier.
  @Test func theFirstVersionIsRefusedWithTheCommandThatRebuilds() throws {
    func little(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(value >> (8 * $0) & 255) } }
    var bytes = Array("RETORT\r\n".utf8) + [1, 0, 0, 0, 0, 0, 0, 0] + little(0)
    for field in ["p", Self.rebuild] { bytes += little(field.utf8.count) + Array(field.utf8) }
    let folder = try TemporaryFolder()
    let path = try folder.write(bytes, to: "old.retort")
    let request = Request(path: path, library: Repository.library)
    let message = Self.refusal { _ = try request.executable() }
    #expect(message?.contains("is a plan of format 1, this Retort reads 3") == true)
    #expect(message?.contains("rebuild it with: \(Self.rebuild)") == true)
  }

  @Test func tensorsLieWhereTheyCanBeComputedOn() throws {
    let bench = try Workbench(SmallPrograms.thin)
    let file = try PlanFile(bench.plan, processor: Processor.fingerprint)
    #expect(file.entries.contains { $0.name.hasPrefix("%") })
    #expect(file.entries.first.map { $0.offset % 4096 } == 0)
    for entry in file.entries {
      #expect(UInt(bitPattern: file.view(of: entry).base) % 64 == 0, "\(entry.name)")
    }
    // What only `prepare` reads is not kept.
    #expect(!file.entries.contains { $0.name == "bn.running_var" })
    try file.verifyTensors()
  }

  /// A plan that trains changes its weights in memory, never in the file.
  @Test func aPlanThatTrainsLeavesItsFileAlone() throws {
    let bench = try Workbench(
      """
      graph train(x: f32[n, 4]) -> (loss: f32[]) {
        parameter w: f32[4, 3] init normal(0.5)
        loss = sum(matmul(x, w) * matmul(x, w))
        update w = w - 0.01 * gradient(loss, w)
        return loss
      }
      """, set: [("n", "2")])
    let before = try bench.bytes()
    let direct = try bench.request.executable().executable
    let loaded = try bench.loaded()
    let inputs = ["x": HostTensor([2, 4], (0..<8).map { Float($0) })]
    var losses: [HostTensor] = []
    for _ in 0..<3 {
      losses.append(try loaded.run(inputs)["loss"]!)
      #expect(losses.last == (try direct.run(inputs)["loss"]!))
    }
    #expect(losses[0] != losses[2])
    #expect(loaded.program.weights == direct.program.weights)
    #expect(try bench.bytes() == before)
  }

  @Test func anotherProcessorIsRefusedWithTheCommandThatRebuilds() throws {
    let bench = try Workbench(SmallPrograms.thin)
    var artifact = try PlanFile(bench.plan, processor: Processor.fingerprint).artifact
    artifact.processor = "z80"
    let path = bench.folder.file("foreign.retort")
    try artifact.write(to: path)
    let message = Self.refusal { _ = try bench.loaded(path) }
    #expect(message?.contains("compiled for z80") == true)
    #expect(message?.contains(Self.rebuild) == true)
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("plan.retort")
    let tensors: [(name: String, tensor: HostTensor)] = [
      ("a", vector(1, 2, 3)), ("%b", HostTensor(zeros: TensorType(.i32, [0, 4]))),
      ("c", HostTensor(Float(7))),
    ]
    try Artifact(
      processor: "p", rebuild: "r", backend: "auto", disabledPasses: ["a-b", "c"],
      graphText: "graph g() {}", tensors: tensors
    ).write(to: path)
    let read = try PlanFile(path, processor: "p").artifact
    #expect(read.graphText == "graph g() {}")
    #expect(read.disabledPasses == ["a-b", "c"])
    #expect(read.tensors.map(\.name) == tensors.map(\.name))
    #expect(read.tensors.map(\.tensor) == tensors.map(\.tensor))
  }
}

extension String {
  /// A definition with another of its graphs standing first, which makes it the entry.
  func withFirst(_ name: String) -> String {
    let parts = components(separatedBy: "\n\n")
    let entry = parts.first { $0.hasPrefix("graph \(name)(") }!
    return ([parts[0], entry] + parts.dropFirst().filter { $0 != entry })
      .joined(separator: "\n\n")
  }
}
