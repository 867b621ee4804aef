import RetortDriver
import RetortFormats
import RetortIR
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

/// Weights find their parameters by name, and what does not fit is said by name.
@Suite struct WeightsTests {
  static let definition = try! TestDefinition(
    text: """
      import "blocks/linear.graph"

      graph two(x: f32[n, 3]) -> (y: f32[n, 2]) {
        h = linear(x, features: 4) as "first"
        return linear(h, features: 2) as "second"
      }
      """)
  static let names = ["first.weight", "first.bias", "second.weight", "second.bias"]

  static func stored(_ rename: (String) -> String = { $0 }) throws -> Weights {
    var weights = Weights()
    for (name, tensor) in try definition.graph().randomWeights(seed: 1) {
      weights.insert(rename(name), tensor, from: "two.safetensors")
    }
    return weights
  }

  static func message(_ weights: Weights) throws -> String? {
    let graph = try definition.graph()
    return ArtifactTests.refusal { _ = try weights.bind(to: graph) }
  }

  @Test(arguments: ["", "module.", "model.", "module.model."])
  func prefixesOfTrainingProgramsAreTakenOff(prefix: String) throws {
    let graph = try Self.definition.graph()
    let binding = try Self.stored { prefix + $0 }.bind(to: graph)
    #expect(binding.tensors == graph.randomWeights(seed: 1))
    #expect(binding.unused.isEmpty)
  }

  @Test func exactNamesGoBeforePrefixedOnes() throws {
    let graph = try Self.definition.graph()
    var weights = try Self.stored()
    weights.insert("module.first.bias", vector(9, 9, 9, 9), from: "two.safetensors")
    let binding = try weights.bind(to: graph)
    #expect(binding.tensors["first.bias"] == graph.randomWeights(seed: 1)["first.bias"])
    #expect(binding.unused == ["module.first.bias"])
  }

  @Test func laterFilesReplaceEarlierOnes() throws {
    let graph = try Self.definition.graph()
    var weights = try Self.stored()
    weights.insert("second.bias", tensor([5, 6], nil, .f32), from: "later.safetensors")
    #expect(try weights.bind(to: graph).tensors["second.bias"]?.doubles == [5, 6])
  }

  @Test func countersOfPyTorchAreNotReportedAsUnused() throws {
    var weights = try Self.stored()
    weights.insert("bn.num_batches_tracked", HostTensor(Int64(3)), from: "two.safetensors")
    weights.insert("extra", vector(1), from: "two.safetensors")
    #expect(try weights.bind(to: Self.definition.graph()).unused == ["extra"])
  }

  @Test func missingWeightsAreNamedAtOnce() throws {
    let message = try Self.message(
      try Self.stored { $0.hasPrefix("second") ? "secnd" + $0.dropFirst(6) : $0 })
    #expect(message?.contains("'second.weight', 'second.bias'") == true)
    #expect(message?.contains("two.safetensors") == true)
    #expect(message?.contains("'secnd.weight'") == true)
    #expect(message?.contains("'first.weight'") == false)
  }

  @Test func noWeightsAtAllAskForAFile() throws {
    let message = try Self.message(Weights())
    #expect(message?.contains("--weights FILE") == true)
    for name in Self.names { #expect(message?.contains(name) == true) }
  }

  @Test func otherShapesAreRefusedWithBoth() throws {
    var weights = try Self.stored()
    weights.insert("first.weight", HostTensor(zeros: TensorType(.f32, [3, 4])), from: "two.npz")
    let message = try Self.message(weights)
    #expect(message?.contains("'first.weight' is f32[3, 4]") == true)
    #expect(message?.contains("expects f32[4, 3]") == true)
    #expect(message?.contains("two.npz") == true)
  }

  /// Not once for each of its tensors.
  @Test func aCheckpointOfAnotherWidthIsToldOnce() throws {
    var weights = Weights()
    for (name, tensor) in try Self.definition.graph().randomWeights(seed: 1) {
      let wide = Shape(tensor.shape.extents.map { 2 * $0 })
      weights.insert(name, HostTensor(zeros: TensorType(.f32, wide)), from: "two.npz")
    }
    #expect(
      try Self.message(weights) == """
        two.npz: error: 'first.weight' is f32[8, 6], but the definition expects f32[4, 3] for \
        'first.weight'; 3 more of other shapes
            = hint: check the compile-time arguments (--set) that the weights were trained with

        """)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func valuesThatAreNotFiniteAreRefused(value: Float) throws {
    var weights = try Self.stored()
    weights.insert("first.bias", HostTensor([4], [0, 1, value, 3]), from: "two.npz")
    let message = try Self.message(weights)
    #expect(message?.contains("'first.bias' holds \(value) at element 2") == true)
  }

  @Test(arguments: [ElementType.f16, .bf16, .f64])
  func otherPrecisionsBecomeTheGraphs(element: ElementType) throws {
    let numbers = [0.5, -1.25, 3, 0.0078125]
    var weights = try Self.stored()
    weights.insert("first.bias", tensor(numbers, nil, element), from: "two.npz")
    let bound = try weights.bind(to: Self.definition.graph()).tensors["first.bias"]!
    #expect(bound.type == TensorType(.f32, [4]))
    #expect(bound.doubles == numbers)
  }

  /// Reals are not cut to integers, integers not to the range of others.
  @Test func elementsOfAnotherKindAreRefused() throws {
    let graph = try TestDefinition(
      text: """
        graph shifted(x: f32[n]) -> f32[n] {
          buffer k: i32[1]
          return x + convert(k, type: f32)
        }
        """
    ).graph(set: ["n": "1"])
    func message(_ tensor: HostTensor) -> String {
      var weights = Weights()
      weights.insert("k", tensor, from: "k.npz")
      let error = #expect(throws: Diagnostics.self) { try weights.bind(to: graph) }
      return error?.description ?? ""
    }
    #expect(message(HostTensor([1], [1.5] as [Float])).contains("'k' holds f32, not i32"))
    #expect(
      message(HostTensor([1], [1 << 40] as [Int64])).contains("'k' holds i64 past the range of i32")
    )
  }

  @Test func integersAsRealWeightsAreTold() throws {
    let folder = try TemporaryFolder()
    let graph = try folder.write(
      "graph g(x: f32[2]) -> (y: f32[2]) {\n  parameter w: f32[2]\n  parameter b: f32[2]\n"
        + "  return x * w + b\n}\n", to: "g.graph")
    func notes(_ w: HostTensor, _ b: HostTensor) throws -> [String] {
      let file = try folder.write([("w", w), ("b", b)], to: "w.npz")
      var request = Request(path: graph, library: .none)
      request.weightPaths = [file]
      return try request.executable().notes.map(\.message)
    }
    let (real, whole) = (vector(1, 2), HostTensor([2], [1, 2] as [Int64]))
    #expect(try notes(real, real).isEmpty)
    #expect(
      try notes(real, whole) == [
        "1 tensor holds integers or bool and is taken as real weights: 'b'"
      ])
    #expect(
      try notes(HostTensor([2], [true, false]), whole)
        == ["2 tensors hold integers or bool and are taken as real weights: 'w', 'b'"])
    var request = Request(path: graph, library: .none)
    request.weightPaths = [
      try folder.write([("w", real), ("b", whole), ("c", real)], to: "more.npz")
    ]
    #expect(
      try Verification.run(request).notes.map(\.message) == [
        "1 tensor holds integers or bool and is taken as real weights: 'b'",
        "1 tensors of the weight files are not used: 'c'",
      ])
  }

  @Test func halfPrecisionFilesRunAsTheirValues() throws {
    let folder = try TemporaryFolder()
    let graph = try Self.definition.graph()
    let halves = graph.randomWeights(seed: 1).mapValues { $0.converted(to: .f16) }
    let path = folder.file("half.safetensors")
    try TensorFile.write(halves.map { (name: $0.key, tensor: $0.value) }, to: path)
    let inputs = ["x": tensor([1, 2, 3], [1, 3], .f32)]
    let fromFile = try graph.compiled(
      weights: Weights(reading: [path]).bind(to: graph).tensors)
    let wide = try graph.compiled(weights: halves.mapValues { $0.converted(to: .f32) })
    #expect(try fromFile.run(inputs) == wide.run(inputs))
  }

  @Test func aPrefixBeforeAFileIsPutBeforeItsNames() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("first.safetensors")
    let all = try Self.definition.graph().randomWeights(seed: 1)
    let first = all.filter { $0.key.hasPrefix("first.") }
    let bare = first.map { (name: String($0.key.dropFirst("first.".count)), tensor: $0.value) }
    try TensorFile.write(bare, to: path)
    #expect(Set(try Weights(reading: ["first=" + path]).names) == Set(first.keys))
    #expect(Set(try Weights(reading: [path]).names) == Set(bare.map(\.name)))
    // A file's own name may hold the mark.
    let odd = folder.file("a=b.safetensors")
    try TensorFile.write(bare, to: odd)
    #expect(WeightFile(odd).path == odd)
    #expect(WeightFile("heads.contrastive=x/y.pt").path == "x/y.pt")
    let library = Repository.library
    #expect(WeightFile("a=b.npz").text(in: library) == "a=" + library.path("weights/b.npz"))
    #expect(WeightFile("a=/c/b.npz").text(in: library) == "a=/c/b.npz")
    #expect(WeightFile("x/y=z.pt").prefix == nil)
  }

  @Test func freshWeightsFollowTheirInitialisersAndNames() throws {
    let graph = try Self.definition.graph()
    let first = try Weights.initial(for: graph, seed: 1)
    #expect(try Weights.initial(for: graph, seed: 1) == first)
    #expect(try Weights.initial(for: graph, seed: 2) != first)
    let bound = 1 / 3.0.squareRoot()
    #expect(first["first.weight"]!.doubles.allSatisfy { abs($0) <= bound })
    #expect(Set(first["first.weight"]!.doubles).count == 12)
    let kept = try Weights.initial(for: graph, seed: 1, except: ["first.weight"])
    #expect(kept["first.weight"] == nil && kept["second.weight"] == first["second.weight"])
  }

  @Test func aParameterWithoutInitialiserCannotStart() throws {
    let graph = try TestDefinition(
      text: "graph g(x: f32[2]) -> f32[2] {\n  parameter w: f32[2]\n  return x * w\n}\n"
    ).graph()
    let message = ArtifactTests.refusal { _ = try Weights.initial(for: graph, seed: 0) }
    #expect(message?.contains("'w' has no 'init'") == true)
  }
}
