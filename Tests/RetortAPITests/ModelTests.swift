import Foundation
import RetortAPI
import RetortTestSupport
import Testing

@Suite struct ModelTests {
  private let folder: TemporaryFolder
  private let path: String
  /// `y = w · x + b`, its square sum, and how often it was asked.
  private static let text = """
    graph affine(x: f32[n, 3], scale: Float = 1.0) -> (y: f32[n, 2], total: f32[], order: i32[n]) {
      parameter w: f32[3, 2]
      buffer b: f32[2]
      y = scale * matmul(x, w) + b
      return y, sum(square(y)), argmax(y, axis: 1)
    }

    """
  private let weights: [String: Tensor]

  init() throws {
    folder = try TemporaryFolder()
    path = try folder.write(Self.text, to: "affine.graph")
    weights = [
      "w": try Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2]), "b": try Tensor([0.5, -1], shape: [2]),
    ]
  }

  private func model(_ settings: [String: String] = ["n": "2"]) throws -> Model {
    try Model(path, Model.Options(settings: settings, weights: weights, threadCount: 1))
  }

  private var x: Tensor { get throws { try Tensor([1, 0, 0, 0, 1, -1], shape: [2, 3]) } }

  @Test func aDefinitionRuns() throws {
    let model = try model()
    #expect(model.inputs.map(\.name) == ["x"])
    #expect(model.inputs.map(\.shape) == [[2, 3]])
    #expect(model.results.map(\.name) == ["y", "total", "order"])
    #expect(model.results.map(\.elementType) == [.f32, .f32, .i32])
    let results = try model.run(["x": try x])
    #expect(results["y"] == (try Tensor([1.5, 1, -1.5, -3], shape: [2, 2])))
    #expect(results["total"]?.floats == [14.5])
    #expect(results["order"] == (try Tensor(integers: [0, 0], shape: [2])))
    #expect(model.notes == [])
  }

  @Test func settingsAreThoseOfTheCommandLine() throws {
    let model = try model(["n": "1", "scale": "4/2"])
    let y = try model.run(["x": try Tensor([1, 1, 1], shape: [1, 3])])["y"]
    #expect(y?.floats == [18.5, 23])
    #expect(try self.model([:]).notes == ["note: 'n' is taken as 1; --set n=VALUE binds it"])
  }

  @Test func weightsAreReplaced() throws {
    let model = try model()
    try model.bind([
      "w": try Tensor([0, 0, 0, 0, 0, 1], shape: [3, 2]), "b": try Tensor([0, 0], shape: [2]),
    ])
    #expect(try model.run(["x": try x])["y"]?.floats == [0, 0, 0, -1])
    let gradient = try model.gradient(of: "y", withRespectTo: ["x"])
    #expect(try gradient.run(["x": try x])["d_x"]?.floats == [0, 0, 1, 0, 0, 1])
    let error = #expect(throws: RetortError.self) { try model.bind(["w": weights["w"]!]) }
    #expect(error?.description.contains("no tensor for 'b'") == true)
    #expect(try model.run(["x": try x])["y"]?.floats == [0, 0, 0, -1])
  }

  /// Of the sum of `2 (w·x + b)·wᵀ`: for each coordinate j, `2 Σₒ wⱼₒ Σₖ wₖₒ`.
  @Test func gradientsHaveGradients() throws {
    let first = try model().gradient(of: "total", withRespectTo: ["x"])
    let second = try first.gradient(of: "d_x", withRespectTo: ["x"])
    #expect(try second.run(["x": try x])["d_x"]?.floats == [66, 150, 234, 66, 150, 234])
    let error = #expect(throws: RetortError.self) {
      try first.gradient(of: "total", withRespectTo: ["x"])
    }
    #expect(error?.description.contains("has no result 'total'") == true)
  }

  @Test func gradientsAreModels() throws {
    let gradient = try model().gradient(of: "total", withRespectTo: ["x", "b"])
    #expect(gradient.results.map(\.name) == ["d_x", "d_b"])
    let slopes = try gradient.run(["x": try x])
    // d total / d y = 2 y; times wᵀ for x, summed over rows for b.
    #expect(slopes["d_x"]?.floats == [7, 17, 27, -15, -33, -51])
    #expect(slopes["d_b"]?.floats == [0, -4])
    let elements = try model().gradient(of: "y", withRespectTo: ["w"]).run(["x": try x])
    #expect(elements["d_w"]?.floats == [1, 1, 1, 1, -1, -1])
  }

  @Test(arguments: [
    ("loss", ["x"], "error: 'affine' has no result 'loss'"),
    ("total", ["z"], "error: 'affine' has no input or weight 'z'"),
    ("total", [], "error: a gradient has at least one target"),
    ("total", ["x", "x"], "error: two targets of the gradient would be called 'd_x'"),
    ("order", ["x"], "error: gradient of 'order' differentiates a real scalar, got i32[2]"),
  ])
  func gradientsThatDoNotExistAreRefused(
    _ result: String, _ targets: [String], _ fact: String
  ) throws {
    let model = try model()
    let error = #expect(throws: RetortError.self) {
      try model.gradient(of: result, withRespectTo: targets)
    }
    #expect(error?.description.hasPrefix(fact) == true, "\(error?.description ?? "")")
    #expect(error?.isInternal == false)
  }

  @Test func errorsSayWhatTheCommandLineSays() throws {
    let model = try model()
    let missing = #expect(throws: RetortError.self) { try model.run() }
    #expect(missing?.description == "error: input 'x' (f32[2, 3]) is not given")
    let narrow = #expect(throws: RetortError.self) {
      try model.run(["x": try Tensor([1, 2], shape: [1, 2])])
    }
    #expect(
      narrow?.description.hasPrefix("error: 'x' is f32[2, 3], but f32[1, 2] is given\n") == true)
    let other = #expect(throws: RetortError.self) { try model.run(["z": try x]) }
    #expect(other?.description.hasPrefix("error: 'affine' has no input 'z'") == true)
    let wrong = try folder.write("graph f(x: f32[2]) -> f32[2] { return y }\n", to: "w.graph")
    let unknown = #expect(throws: RetortError.self) { try Model(wrong) }
    #expect(unknown?.description.hasPrefix("\(wrong):1:") == true)
    let none = #expect(throws: RetortError.self) { try Model("/no/such.graph") }
    #expect(none?.description.hasPrefix("/no/such.graph: error: ") == true)
    let threads = #expect(throws: RetortError.self) {
      try Model(path, Model.Options(threadCount: 0))
    }
    #expect(threads?.description == "error: 0 threads are asked for; 1 to 1024 can be had")
    let unbound = #expect(throws: RetortError.self) { try Model(path) }
    #expect(unbound?.description.contains("no weights are given for 'w', 'b'") == true)
  }

  @Test func aPlanKeepsItsBackend() throws {
    let plan = try folder.write(try #require(try SmallPrograms.plans().first), to: "p.retort")
    #expect(try Model(plan).inputs.map(\.name) == ["x"])
    let error = #expect(throws: RetortError.self) {
      try Model(plan, Model.Options(backend: .reference))
    }
    #expect(
      error?.description == """
        \(plan): error: is a plan, whose backend was fixed when it was compiled
            = hint: leave the backend out, or compile the definition again with it
        """)
  }

  @Test func tensorsHaveAsManyElementsAsTheirShapes() throws {
    #expect(throws: RetortError.self) { try Tensor([1, 2], shape: [3]) }
    #expect(throws: RetortError.self) { try Tensor([1, 2], shape: [-1, -2]) }
    #expect(throws: RetortError.self) { try Tensor([], shape: [Int.max, Int.max, 0]) }
    #expect(throws: RetortError.self) {
      try Tensor(bytes: [1, 2, 3], elementType: .f16, shape: [1])
    }
    let halves = try Tensor(bytes: [0, 0x3C, 0, 0xC0], elementType: .f16, shape: [2, 1])
    #expect(halves.floats == [1, -2])
    #expect("\(halves)" == "f16[2, 1]")
    for element in Tensor.ElementType.allCases {
      #expect(try Tensor(bytes: [], elementType: element, shape: [0]).elementType == element)
    }
  }

  @Test func threadsShareAModel() async throws {
    let model = try model()
    let expected = try model.run(["x": try x])
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for index in 0..<8 {
        let values = [Float](repeating: Float(index), count: 6)
        let (own, common) = (try Tensor(values, shape: [2, 3]), try x)
        group.addTask {
          for _ in 0..<50 where try model.run(["x": common]) != expected { return false }
          return try model.run(["x": own])["y"]?.floats[0] == 9 * Float(index) + 0.5
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }

  /// The README's example, on the shipped weights.
  @Test func theExampleRuns() throws {
    let count = 2 * 3 * 32 * 32
    let images = try Tensor((0..<count).map { Float($0 % 97) / 96 }, shape: [2, 3, 32, 32])
    let (purified, slope) = try purify(images, graphs: Repository.root + "/graphs")
    #expect(purified.shape == images.shape && slope.shape == images.shape)
    let moved = zip(purified.floats, images.floats).map { abs($0 - $1) }
    #expect(moved.contains { $0 > 0.001 } && moved.allSatisfy { $0 <= 16.001 / 255 })
    #expect(slope.floats.contains { $0 != 0 } && slope.floats.allSatisfy(\.isFinite))
  }
}
